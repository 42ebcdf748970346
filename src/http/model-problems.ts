// The problems of model groups, models and roles. Where a group does not let the caller in, `/v1` answers as if it were not there
// (routes/masked.ts), and OpenSearch's clients get their own words (opensearch/error-texts.ts).
import type { ModelErrorCode } from '../enrollment/model-refused.ts'
import type { ProblemRow } from './problems.ts'

type ModelProblemCode = ModelErrorCode | 'model_exists' | 'model_group_exists'

const tell = (status: ProblemRow['status'], title: string): ProblemRow => ({ status, title, tells: 'facts' })

export const MODEL_PROBLEMS: Readonly<Record<ModelProblemCode, ProblemRow>> = {
  access_control_off: tell(400, 'Name no access mode and no backend roles while model access control is off.'),
  access_mode_rejected: tell(400, 'Choose public, private or restricted.'),
  add_all_needs_roles: tell(400, 'Name backend roles, or add all of your own.'),
  admin_no_data: tell(403, 'Predict with a certificate of a project or a service: administrators manage models.'),
  administrator_adds_all: tell(400, 'Name the backend roles: administrators do not add their own.'),
  backend_role_missing: tell(400, 'Ask an administrator for a backend role.'),
  backend_role_not_held: tell(400, 'Name backend roles that are yours.'),
  backend_roles_missing: tell(400, 'Name one or more backend roles, or add all of your own.'),
  backend_roles_none: tell(400, 'Ask an administrator for a backend role; you have none to add.'),
  backend_roles_out_of_place: tell(400, 'Name backend roles for a restricted group alone.'),
  backend_roles_twice: tell(400, 'Name backend roles or add all of your own, not both.'),
  connector_rejected: tell(400, 'Mend the connector.'),
  hidden_name_rejected: tell(400, 'Name a hidden model by letters, digits, dots, dashes and underscores, at most 128.'),
  internal_user_rejected: tell(400, 'Leave out what the fault names.'),
  internal_user_unknown: tell(404, 'Nothing was said of a user of this name.'),
  model_deployed: tell(409, 'Undeploy the model first.'),
  model_disabled: tell(403, 'Ask whoever keeps the model to enable it.'),
  model_exists: tell(409, 'Choose another name: a model of this id is there.'),
  model_forbidden: tell(404, 'There is no such model, or none for you.'),
  model_group_access_closed: tell(404, 'There is no such model group, or none for you to update.'),
  model_group_access_fixed: tell(409, 'Register a new group: this one was made while model access control was off.'),
  model_group_exists: tell(409, 'Choose another name: a model group has this one.'),
  model_group_forbidden: tell(404, 'There is no such model group, or none for you.'),
  model_group_in_use: tell(409, 'Delete the versions of its models first.'),
  model_group_owner_only: tell(403, 'Ask its owner or an administrator.'),
  model_group_unchangeable: tell(404, 'There is no such model group, or none for you to update.'),
  model_group_undeletable: tell(404, 'There is no such model group, or none for you to delete.'),
  model_group_unknown: tell(404, 'There is no model group of this id.'),
  model_not_deployed: tell(409, 'Deploy the model first.'),
  model_permission_missing: tell(403, 'Ask an administrator for a role that permits it, as ml_full_access.'),
  model_throttled: tell(429, 'Come again in a moment: the model is throttled.'),
  model_unknown: tell(404, 'There is no model of this id.'),
  model_upstream_failed: tell(503, 'Come again in a moment: the model does not answer as it should.'),
  model_upstream_missing: tell(503, 'Ask the operator to allow the origin of the connector.'),
  owner_without_role: tell(403, 'Ask an administrator for a backend role of the group.'),
  role_unknown: tell(404, 'Name one of the roles that are known here.'),
  setting_unconfirmed: tell(409, 'Confirm it: everybody will see and change every model group.'),
}

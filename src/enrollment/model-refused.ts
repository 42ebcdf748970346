// Refusals of the acts on model groups, models and roles.
import { CodedError, type Facts } from '../domain/coded-error.ts'

export type ModelErrorCode =
  | 'access_control_off'
  | 'access_mode_rejected'
  | 'add_all_needs_roles'
  | 'administrator_adds_all'
  | 'backend_role_not_held'
  | 'backend_role_missing'
  | 'backend_roles_missing'
  | 'backend_roles_none'
  | 'backend_roles_out_of_place'
  | 'backend_roles_twice'
  | 'connector_rejected'
  | 'hidden_name_rejected'
  | 'internal_user_unknown'
  | 'internal_user_rejected'
  | 'model_deployed'
  | 'model_disabled'
  | 'model_forbidden'
  | 'model_group_access_closed'
  | 'model_group_access_fixed'
  | 'model_group_forbidden'
  | 'model_group_in_use'
  | 'model_group_owner_only'
  | 'model_group_undeletable'
  | 'model_group_unknown'
  | 'model_group_unchangeable'
  | 'model_not_deployed'
  | 'model_permission_missing'
  | 'model_throttled'
  | 'model_unknown'
  | 'model_upstream_failed'
  | 'model_upstream_missing'
  | 'owner_without_role'
  | 'role_unknown'
  | 'setting_unconfirmed'
  | 'admin_no_data'

export class ModelRefused extends CodedError<ModelErrorCode> {
  constructor(code: ModelErrorCode, facts: Facts = {}) {
    super(code, facts)
  }
}

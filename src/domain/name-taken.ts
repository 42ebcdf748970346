// A name that must be unique is or was somebody else's. The stores throw it, since only the row that is already there knows;
// the ports that promise it (directory, deployments) name the code.
import { CodedError, type Facts } from './coded-error.ts'

export type NameTakenCode =
  | 'api_key_exists'
  | 'name_taken'
  | 'member_exists'
  | 'host_taken'
  | 'link_taken'
  | 'model_exists'
  | 'model_group_exists'
  | 'proxy_service_taken'

export class NameTaken extends CodedError<NameTakenCode> {
  constructor(code: NameTakenCode, facts: Facts = {}) {
    super(code, facts)
  }
}

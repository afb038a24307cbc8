/**
 * What a daemon tells systemd, by systemd-notify(1).
 *
 * @module
 */
export {
  type NotifyFields,
  type ServiceManager,
  systemdServiceManager,
  watchdogMsOf,
} from './systemd-service-manager.ts';

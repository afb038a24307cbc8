require 'yaml'

# The package restarts the Summoner by itself when it is upgraded. The run that upgrades it, which is this one, is a unit of
# systemd of its own and goes on.
apt_package 'signalbox' do
  # An older one too, as a rollback has it.
  version node['signalbox']['version']
  action node['signalbox']['version'] ? :install : :upgrade
end

template '/etc/signalbox/config.yaml' do
  source 'config.yaml.erb'
  mode '0644'
  variables(config: node['signalbox']['config'].to_h.compact)
  # A configuration that the Summoner would not start with is never put in place, and the run fails. A bus that is merely not
  # reached is none of its faults.
  verify 'signalbox --config %{path} summoner --once --dry-run'
  notifies :restart, 'service[signalbox-summoner]', :delayed
end

service 'signalbox-summoner' do
  action [:enable, :start]
end

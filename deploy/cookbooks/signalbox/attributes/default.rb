# The version of the package, as the fleet's own apt repository has it. Stated here it travels with the cookbook, stop by
# stop, and a rollback takes it back; nil takes the newest that apt sees, on every node at once.
default['signalbox']['version'] = nil

# /etc/signalbox/config.yaml, field by field; what is nil is left out. Who the node is, bootstrap has written elsewhere.
default['signalbox']['config']['bus'] = 's3://signals'
default['signalbox']['config']['s3_region'] = 'us-east-1'

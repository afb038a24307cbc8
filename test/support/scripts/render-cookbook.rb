# Prints what the cookbook in ARGV[0] writes as the Summoner's configuration by its own attributes, without Chef.
require 'erb'
require 'yaml'

def default
  @default ||= Hash.new { |hash, name| hash[name] = Hash.new(&hash.default_proc) }
end

instance_eval(File.read("#{ARGV[0]}/attributes/default.rb"))
@config = default['signalbox']['config'].to_h.compact
print ERB.new(File.read("#{ARGV[0]}/templates/config.yaml.erb"), trim_mode: '-').result(binding)

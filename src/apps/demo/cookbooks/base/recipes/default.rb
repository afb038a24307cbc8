cookbook_file '/etc/example/base.conf' do
  source 'base.conf'
  mode '0644'
end

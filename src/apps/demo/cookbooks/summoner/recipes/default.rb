cookbook_file '/etc/signalbox/summoner-health' do
  source 'summoner-health'
  mode '0644'
end

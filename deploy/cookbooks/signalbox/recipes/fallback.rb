# The fallback has to work when the Summoner does not, and so shares no recipe with it, nor a version: what an image has
# stays as it is, and what has none gets one.
apt_package 'signalbox-fallback'

# Reads one request per line from standard input, as JSON, and says of each whether mixlib-authentication, the library
# that Chef Infra Servers were first written with, believes it: "true" or "false", one per line.
#
# A request is {"method", "path", "body", "headers"}; the public key's file is the one argument. The clock is that of
# the request itself, so that recorded requests can be verified.
require "json"
require "openssl"
require "time"
require "mixlib/authentication"
require "mixlib/authentication/signatureverification"

Request = Struct.new(:env, :method, :path, :raw_post) do
  def params
    {}
  end
end

# As the servers do it: the content is hashed with the digest of the signature's version.
class Verification < Mixlib::Authentication::SignatureVerification
  def verify_content_hash
    version = parse_signing_description[:version]
    digest = validate_sign_version_digest!(ALGORITHM_FOR_VERSION[version], version)
    @valid_content_hash = (content_hash == hashed_body(digest))
  end

  def verify_timestamp
    @valid_timestamp = !Time.parse(timestamp).nil?
  end
end

key = OpenSSL::PKey::RSA.new(File.read(ARGV.fetch(0)))
$stdin.each_line do |line|
  given = JSON.parse(line)
  headers = given["headers"].merge("Host" => "localhost")
  env = headers.to_h { |name, value| ["HTTP_" + name.upcase.tr("-", "_"), value] }
  request = Request.new(env, given["method"], given["path"], given["body"])
  puts(Verification.new(request).authenticate_request(key) ? "true" : "false")
rescue Mixlib::Authentication::AuthenticationError
  puts "false"
end

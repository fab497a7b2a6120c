#include "tests/e2e/real_registry.hh"

#include "sandbox/base/base64.hh"

#include <algorithm>
#include <chrono>
#include <ctime>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <thread>

namespace caisson::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

/// kPassword, as htpasswd -B writes it.
constexpr const char* kHashed = "$2b$04$sPNJp7LXjOoXkvuYzrix0eJJlGbYuK05ePeU8pEU0ThfPXJ6hESlW";

/// RFC 7515's base64url.
std::string base64url(std::string_view bytes)
{
    std::string text = base64_encode(bytes);
    std::ranges::replace(text, '+', '-');
    std::ranges::replace(text, '/', '_');
    text.erase(text.find_last_not_of('=') + 1);
    return text;
}

/// The DER of a PEM certificate, in base64 as it stands there.
std::string body_of(const std::string& pem)
{
    const std::size_t start = pem.find('\n', pem.find("-----BEGIN")) + 1;
    std::string body = pem.substr(start, pem.find("-----END") - start);
    std::erase(body, '\n');
    return body;
}

} // namespace

std::string tool(const std::string& program, std::vector<std::string> arguments)
{
    return run_program({.path = "/usr/bin/" + program,
                        .arguments = std::move(arguments),
                        .environment = {"PATH=/usr/bin:/bin", "HOME=/nonexistent"}});
}

bool RealRegistry::installed()
{
    return fs::exists("/usr/bin/docker-registry") && fs::exists("/usr/bin/openssl");
}

RealRegistry::RealRegistry(const Options& options)
    : directory_(fs::temp_directory_path(), "caisson-registry-test-")
{
    if (options.tls || !options.realm.empty()) make_certificates();
    write_file_atomically(directory() / "htpasswd", std::string(kUser) + ":" + kHashed + "\n");
    write_file_atomically(directory() / "config.yml", configuration(options));
    const UniqueFd output = open_file(directory() / "log", O_WRONLY | O_CREAT, 0644);
    program_ = Program::start({.path = "/usr/bin/docker-registry",
                               .arguments = {"serve", directory() / "config.yml"},
                               .environment = {"OTEL_TRACES_EXPORTER=none"},
                               .standard_output = output.get(),
                               .standard_error = output.get()});
    address_ = wait_for_address();
    if (address_.empty())
        throw Error(ErrorKind::kInternal,
                    "docker-registry did not start: " + read_file(directory() / "log", 1U << 20));
}

/// An authority, and under it one certificate for both ends.
void RealRegistry::make_certificates() const
{
    const std::string at = directory().native() + "/";
    tool("openssl",
         {"req",
          "-x509",
          "-newkey",
          "rsa:2048",
          "-nodes",
          "-days",
          "2",
          "-subj",
          "/CN=test",
          "-keyout",
          at + "ca.key",
          "-out",
          at + "ca.crt"});
    tool("openssl",
         {"req",
          "-newkey",
          "rsa:2048",
          "-nodes",
          "-subj",
          "/CN=127.0.0.1",
          "-keyout",
          at + "peer.key",
          "-out",
          at + "peer.csr"});
    write_file_atomically(directory() / "extensions", "subjectAltName=IP:127.0.0.1\n");
    tool("openssl",
         {"x509",
          "-req",
          "-days",
          "2",
          "-in",
          at + "peer.csr",
          "-CA",
          at + "ca.crt",
          "-CAkey",
          at + "ca.key",
          "-CAcreateserial",
          "-extfile",
          at + "extensions",
          "-out",
          at + "peer.crt"});
}

std::string RealRegistry::configuration(const Options& options) const
{
    const std::string at = directory().native() + "/";
    // JSON is YAML
    json config = {{"version", "0.1"},
                   {"log", {{"accesslog", {{"disabled", true}}}}},
                   {"storage", {{"filesystem", {{"rootdirectory", at + "data"}}}}},
                   {"http", {{"addr", "127.0.0.1:0"}}}};
    if (options.tls) {
        json tls = {{"certificate", at + "peer.crt"}, {"key", at + "peer.key"}};
        if (options.client) tls["clientcas"] = {at + "ca.crt"};
        config["http"]["tls"] = tls;
    }
    if (options.password)
        config["auth"] = {{"htpasswd", {{"realm", "test"}, {"path", at + "htpasswd"}}}};
    if (!options.realm.empty())
        config["auth"] = {{"token",
                           {{"realm", options.realm},
                            {"service", kService},
                            {"issuer", "test"},
                            {"rootcertbundle", at + "ca.crt"}}}};
    return config.dump();
}

std::string RealRegistry::wait_for_address() const
{
    constexpr std::string_view kSaid = "listening on ";
    for (int tries = 0; tries < 200; ++tries) {
        const std::string text = read_file(directory() / "log", 1U << 20);
        const std::size_t at = text.find(kSaid);
        if (at != std::string::npos) {
            const std::size_t start = at + kSaid.size();
            return text.substr(start, text.find_first_not_of("0123456789.:", start) - start);
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return {};
}

std::string RealRegistry::token(const std::string& repository,
                                const std::vector<std::string>& actions) const
{
    const std::int64_t now = std::time(nullptr);
    const json head = {
        {"typ", "JWT"}, {"alg", "RS256"}, {"x5c", {body_of(read_file(certificate(), 1U << 16))}}};
    json access = json::array();
    if (!repository.empty())
        access.push_back({{"type", "repository"}, {"name", repository}, {"actions", actions}});
    const json claims = {{"iss", "test"},
                         {"sub", kUser},
                         {"aud", kService},
                         {"iat", now - 10},
                         {"nbf", now - 10},
                         {"exp", now + 300},
                         {"jti", "1"},
                         {"access", access}};
    const std::string text = base64url(head.dump()) + "." + base64url(claims.dump());
    const TempDirectory place(directory(), "token-");
    write_file_atomically(place.path() / "text", text);
    tool("openssl",
         {"dgst",
          "-sha256",
          "-sign",
          key(),
          "-out",
          place.path() / "signature",
          place.path() / "text"});
    return text + "." + base64url(read_file(place.path() / "signature", 4096));
}

} // namespace caisson::testing

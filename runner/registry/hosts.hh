#pragma once

#include "runner/transport/http.hh"

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace caisson::runner {

/// Another place that holds what a registry holds.
struct Mirror {
    std::string at; ///< "mirror.example.org/hub": a host, and what goes before the path of an image
    bool tags = false;       ///< may say what a tag means; else it is asked for digests alone
    bool plain_http = false; ///< spoken to without TLS
};

/// What is said of one registry.
struct HostRules {
    bool plain_http = false;     ///< spoken to without TLS
    std::vector<Mirror> mirrors; ///< asked before it, in order
};

/// What users and administrators say of registries (docs/registries.md): `registries.json`, and
/// certificates in `certs.d/HOST[:PORT]/` as Docker and Podman lay them out: `*.crt` are
/// authorities, `*.cert` with its `*.key` is the client's own.
class Hosts {
public:
    /// Directories that may hold either; what an earlier one says of a host is all that counts.
    /// A file that is wrong is an Error of kind kUsage.
    explicit Hosts(std::vector<std::filesystem::path> directories);
    /// The user's, the machine's, and the certificates of containers/ and docker/.
    [[nodiscard]] static Hosts of_this_user();

    [[nodiscard]] HostRules rules(const std::string& domain) const;
    /// For a host as `Origin::authority` writes it.
    [[nodiscard]] TlsSettings tls(const std::string& host) const;

private:
    std::vector<std::filesystem::path> directories_;
    std::map<std::string, HostRules> rules_;
};

/// Whether `domain` ("localhost:5000") is this machine whatever the resolver says.
[[nodiscard]] bool is_loopback(std::string_view domain);

} // namespace caisson::runner

#pragma once

#include "runner/registry/repository.hh"
#include "sandbox/base/file.hh"
#include "sandbox/base/program.hh"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace caisson::testing {

/// docker-registry, the one that most run, on a port of the loopback interface that the kernel
/// chose. It ends with the object.
class RealRegistry {
public:
    struct Options {
        bool tls = false;      ///< under a certificate of an authority of its own
        bool client = false;   ///< and only for clients with a certificate of that authority
        bool password = false; ///< kUser with kPassword
        std::string realm;     ///< of a token service; empty: none
    };
    static constexpr const char* kUser = "builder";
    static constexpr const char* kPassword = "secret";
    static constexpr const char* kService = "registry.example.org";

    /// Whether this machine has what it takes.
    [[nodiscard]] static bool installed();

    explicit RealRegistry(const Options& options);

    /// "127.0.0.1:41234"
    [[nodiscard]] const std::string& address() const noexcept { return address_; }
    [[nodiscard]] const std::filesystem::path& directory() const noexcept
    {
        return directory_.path();
    }
    /// PEM: the authority, and a client's certificate and key of it.
    [[nodiscard]] std::filesystem::path authority() const { return directory() / "ca.crt"; }
    [[nodiscard]] std::filesystem::path certificate() const { return directory() / "peer.crt"; }
    [[nodiscard]] std::filesystem::path key() const { return directory() / "peer.key"; }

    /// A token (RFC 7519) by which that registry allows `actions` on `repository`.
    [[nodiscard]] std::string token(const std::string& repository,
                                    const std::vector<std::string>& actions) const;

private:
    void make_certificates() const;
    [[nodiscard]] std::string configuration(const Options& options) const;
    [[nodiscard]] std::string wait_for_address() const;

    TempDirectory directory_;
    std::optional<Program> program_;
    std::string address_;
};

/// Runs one of the tools that images are read and written with; its output.
std::string tool(const std::string& program, std::vector<std::string> arguments);

} // namespace caisson::testing

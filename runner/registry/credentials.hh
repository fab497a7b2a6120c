#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace caisson::runner {

/// What a registry is shown: a user and a password, or a token to trade for others.
struct Credential {
    std::string user;
    std::string secret;
    std::string identity_token; ///< OAuth 2 refresh token; then the other two are empty
};

/// Asks `docker-credential-NAME` for a server's credential; nothing where it has none.
using CredentialHelper =
    std::function<std::optional<Credential>(const std::string& name, const std::string& server)>;

/// The logins that `docker login` and `podman login` left.
class Credentials {
public:
    /// Files of the form of `~/.docker/config.json`; a missing one is an empty one.
    Credentials(std::vector<std::filesystem::path> files, CredentialHelper helper);
    /// `$REGISTRY_AUTH_FILE`, `$DOCKER_CONFIG/config.json` or `~/.docker/config.json`, then those
    /// of Podman.
    [[nodiscard]] static Credentials of_this_user();

    /// For a repository "docker.io/library/debian"; of several the one with the longest name.
    /// A file that cannot be read as one is an Error of kind kInput that names it: a login that
    /// is not found must not end as an anonymous pull.
    [[nodiscard]] std::optional<Credential> find(const std::string& repository) const;

private:
    std::vector<std::filesystem::path> files_;
    CredentialHelper helper_;
};

/// The helper of that name in PATH, confined: it gains no privilege, writes nowhere but beneath the
/// user's home, run-time and temporary directories, sees of the environment what stores of
/// credentials need, and has half a minute and 64 KiB.
[[nodiscard]] std::optional<Credential> ask_credential_helper(const std::string& name,
                                                              const std::string& server);

} // namespace caisson::runner

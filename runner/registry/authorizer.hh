#pragma once

#include "runner/registry/challenge.hh"
#include "runner/registry/credentials.hh"
#include "runner/transport/http.hh"

#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace caisson::runner {

/// Shows a registry who asks, as far as it wants to know: at first nothing, and after a 401 what
/// its challenge is about. Safe for threads.
class Authorizer {
public:
    /// `repository`: whose login it is, "docker.io/library/debian". `scopes`: what a token is to
    /// be good for ("repository:library/debian:pull"). `plain`: http:// will do.
    Authorizer(const Credentials& credentials,
               std::string repository,
               std::vector<std::string> scopes,
               bool plain);

    /// The value of `Authorization` as things stand; may be empty.
    [[nodiscard]] std::string header() const;

    /// Answers a 401 that a request with the header `shown` got. False where there is nothing else
    /// to show. A token service that refuses is an Error of kind kInput.
    [[nodiscard]] bool
    answer(HttpClient& client, const HttpResponse& refusal, const std::string& shown);

    /// Whether a login was found when one was wanted.
    [[nodiscard]] bool has_login() const;

private:
    [[nodiscard]] std::string fetch_token(HttpClient& client, const Challenge& challenge) const;

    const Credentials& credentials_;
    const std::string repository_;
    const std::vector<std::string> scopes_;
    const bool plain_;
    mutable std::mutex mutex_; ///< guards what follows
    bool looked_up_ = false;
    std::optional<Credential> login_;
    std::string header_;
};

} // namespace caisson::runner

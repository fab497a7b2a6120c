#include "runner/registry/authorizer.hh"

#include "runner/image/json_input.hh"
#include "runner/image/purl.hh"
#include "runner/registry/refusal.hh"
#include "sandbox/base/base64.hh"
#include "sandbox/base/error.hh"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace caisson::runner {
namespace {

std::string basic(const Credential& login)
{
    return "Basic " + base64_encode(login.user + ":" + login.secret);
}

/// OAuth 2 (RFC 6749 section 6), as distribution's /token takes it by POST.
HttpRequest trade_identity_token(const Challenge& challenge,
                                 const std::vector<std::string>& scopes,
                                 const std::string& identity_token)
{
    std::string all;
    for (const std::string& scope : scopes)
        all += (all.empty() ? "" : " ") + scope;
    HttpRequest request{.method = HttpRequest::Method::kPost,
                        .url = challenge.realm,
                        .headers = {"Content-Type: application/x-www-form-urlencoded"}};
    request.body.text =
        "grant_type=refresh_token&client_id=caisson&service=" + percent_encode(challenge.service) +
        "&scope=" + percent_encode(all) + "&refresh_token=" + percent_encode(identity_token);
    return request;
}

} // namespace

Authorizer::Authorizer(const Credentials& credentials,
                       std::string repository,
                       std::vector<std::string> scopes,
                       bool plain)
    : credentials_(credentials)
    , repository_(std::move(repository))
    , scopes_(std::move(scopes))
    , plain_(plain)
{}

std::string Authorizer::header() const
{
    const std::lock_guard lock(mutex_);
    return header_;
}

bool Authorizer::has_login() const
{
    const std::lock_guard lock(mutex_);
    return login_.has_value();
}

bool Authorizer::answer(HttpClient& client, const HttpResponse& refusal, const std::string& shown)
{
    const std::lock_guard lock(mutex_); // one fetches, the others wait for what it gets
    if (header_ != shown) return true;
    std::optional<Challenge> challenge;
    for (const std::string& value : refusal.values("WWW-Authenticate")) {
        const std::optional<Challenge> offered = parse_challenge(value);
        if (offered && (!challenge || challenge->basic)) challenge = offered;
    }
    if (!challenge) return false;
    if (!looked_up_) login_ = credentials_.find(repository_);
    looked_up_ = true;
    if (!challenge->basic) {
        header_ = in_context("ask for a token",
                             [&] { return "Bearer " + fetch_token(client, *challenge); });
        return true;
    }
    if (!login_ || login_->user.empty() || shown == basic(*login_)) return false;
    header_ = basic(*login_);
    return true;
}

std::string Authorizer::fetch_token(HttpClient& client, const Challenge& challenge) const
{
    std::vector<std::string> scopes = scopes_;
    if (!challenge.scope.empty() && std::ranges::find(scopes, challenge.scope) == scopes.end())
        scopes.push_back(challenge.scope);
    HttpRequest request;
    if (login_ && !login_->identity_token.empty()) {
        request = trade_identity_token(challenge, scopes, login_->identity_token);
    } else {
        request.url = token_url(challenge, scopes, login_ ? login_->user : "");
        if (login_) request.authorization = basic(*login_);
    }
    request.plain_http = plain_;
    const HttpResponse response = client.send(request);
    if (!response.ok()) refuse(response, login_.has_value());
    const nlohmann::json json = parse_object(response.body);
    std::string token = string_member(json, "token");
    if (token.empty()) token = string_member(json, "access_token");
    // it becomes part of a header
    const auto plain = [](unsigned char byte) { return byte > 0x20 && byte < 0x7f; };
    if (token.empty() || !std::ranges::all_of(token, plain))
        throw Error(ErrorKind::kInput, "the answer has no token");
    return token;
}

} // namespace caisson::runner

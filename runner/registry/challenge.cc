#include "runner/registry/challenge.hh"

#include "runner/transport/url.hh"

#include <algorithm>
#include <cctype>

namespace caisson::runner {
namespace {

std::string lower(std::string_view text)
{
    std::string result(text);
    std::ranges::transform(result, result.begin(), [](unsigned char letter) {
        return static_cast<char>(std::tolower(letter));
    });
    return result;
}

/// RFC 9110 5.6.4: the value of `name="…"` or `name=token`, cut from the front of `rest`.
std::string take_value(std::string_view& rest)
{
    std::string value;
    if (!rest.starts_with('"')) {
        const std::size_t end = std::min(rest.find_first_of(", \t"), rest.size());
        value = rest.substr(0, end);
        rest.remove_prefix(end);
        return value;
    }
    rest.remove_prefix(1);
    while (!rest.empty() && rest.front() != '"') {
        if (rest.front() == '\\' && rest.size() > 1) rest.remove_prefix(1);
        value += rest.front();
        rest.remove_prefix(1);
    }
    if (!rest.empty()) rest.remove_prefix(1);
    return value;
}

} // namespace

std::optional<Challenge> parse_challenge(std::string_view value)
{
    constexpr std::string_view kBasic = "basic";
    if (lower(value.substr(0, kBasic.size())) == kBasic) return Challenge{.basic = true};
    constexpr std::string_view kScheme = "bearer ";
    if (lower(value.substr(0, kScheme.size())) != kScheme) return std::nullopt;
    std::string_view rest = value.substr(kScheme.size());
    Challenge challenge;
    for (;;) {
        rest.remove_prefix(std::min(rest.find_first_not_of(", \t"), rest.size()));
        const std::size_t equals = rest.find('=');
        if (equals == std::string_view::npos) break;
        const std::string name = lower(rest.substr(0, equals));
        rest.remove_prefix(equals + 1);
        std::string text = take_value(rest);
        if (name == "realm")
            challenge.realm = std::move(text);
        else if (name == "service")
            challenge.service = std::move(text);
        else if (name == "scope")
            challenge.scope = std::move(text);
    }
    if (challenge.realm.empty()) return std::nullopt;
    return challenge;
}

std::string token_url(const Challenge& challenge,
                      const std::vector<std::string>& scopes,
                      const std::string& account)
{
    std::string url = challenge.realm;
    if (!challenge.service.empty()) url = with_parameter(url, "service", challenge.service);
    for (const std::string& scope : scopes)
        url = with_parameter(url, "scope", scope);
    return account.empty() ? url : with_parameter(url, "account", account);
}

} // namespace caisson::runner

#include "runner/registry/refusal.hh"

#include "sandbox/base/error.hh"
#include "sandbox/base/text.hh"

#include <nlohmann/json.hpp>

namespace caisson::runner {
namespace {

/// What the registry says of itself: its first error, else nothing.
std::string registry_error(const std::string& body)
{
    const nlohmann::json json = nlohmann::json::parse(body, nullptr, false);
    if (!json.is_object() || !json.contains("errors") || !json["errors"].is_array() ||
        json["errors"].empty() || !json["errors"][0].is_object())
        return {};
    const nlohmann::json& first = json["errors"][0];
    const auto text = [&](const char* name) {
        return first.contains(name) && first[name].is_string() ? first[name].get<std::string>()
                                                               : std::string();
    };
    return " (" + printable(text("code") + ": " + text("message")) + ")";
}

} // namespace

void refuse(const HttpResponse& response, bool with_login)
{
    const std::string answer =
        "the registry answers " + std::to_string(response.status) + registry_error(response.body);
    std::string hint;
    switch (response.status) {
    case 401:
    case 403:
        hint = with_login ? "the login that was found for it is not enough"
                          : "it is not there or not for everyone; log in by docker login or podman "
                            "login, whose files are read";
        break;
    case 429: {
        const std::string after = response.value("Retry-After");
        hint = "it limits how often one may ask; try later";
        if (!after.empty()) hint = "it wants to be asked again after " + printable(after);
        break;
    }
    default:
        break;
    }
    throw Error(ErrorKind::kInput, answer, hint);
}

} // namespace caisson::runner

#include "runner/registry/credentials.hh"

#include "runner/environment.hh"
#include "runner/image/json_input.hh"
#include "sandbox/base/base64.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"

#include <nlohmann/json.hpp>

namespace caisson::runner {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kLargestFile = 1U << 20;
/// Docker Hub's first interface; logins still go by that name.
constexpr const char* kDockerHub = "https://index.docker.io/v1/";

/// The names under which a login for a repository may stand, the most exact first: Podman's go down
/// to directories, Docker's are hosts, in earlier versions as URLs.
std::vector<std::string> names_of(const std::string& repository)
{
    std::vector<std::string> names;
    for (std::string at = repository;;) {
        names.push_back(at);
        const std::size_t slash = at.rfind('/');
        if (slash == std::string::npos) break;
        at.resize(slash);
    }
    const std::string host = names.back();
    if (host == "docker.io") names.insert(names.end(), {kDockerHub, "index.docker.io"});
    names.insert(names.end(),
                 {"https://" + host, "https://" + host + "/v1/", "https://" + host + "/v2/"});
    return names;
}

/// One of `auths`; nothing where it says that a helper has it.
std::optional<Credential> credential_from_json(const json& entry)
{
    Credential credential{.user = string_member(entry, "username"),
                          .secret = string_member(entry, "password"),
                          .identity_token = string_member(entry, "identitytoken")};
    if (const std::string coded = string_member(entry, "auth"); !coded.empty()) {
        const std::optional<std::string> pair = base64_decode(coded);
        const std::size_t colon = pair ? pair->find(':') : std::string::npos;
        if (colon == std::string::npos)
            throw Error(ErrorKind::kInput, "member \"auth\" is not base64 of USER:PASSWORD");
        credential.user = pair->substr(0, colon);
        credential.secret = pair->substr(colon + 1);
        while (!credential.secret.empty() && credential.secret.back() == '\0')
            credential.secret.pop_back(); // as Docker pads it
    }
    if (!credential.identity_token.empty()) {
        credential.user.clear();
        credential.secret.clear();
        return credential;
    }
    return credential.user.empty() ? std::nullopt : std::optional(credential);
}

std::optional<Credential>
find_in(const json& file, const std::string& repository, const CredentialHelper& helper)
{
    const json auths = object_member(file, "auths");
    const json helpers = object_member(file, "credHelpers");
    for (const std::string& name : names_of(repository)) {
        if (const std::string named = string_member(helpers, name.c_str()); !named.empty())
            return helper(named, name == "docker.io" ? kDockerHub : name);
        if (const json* entry = find_member(auths, name.c_str())) {
            if (!entry->is_object()) throw Error(ErrorKind::kInput, "a login is not an object");
            if (auto credential = credential_from_json(*entry)) return credential;
        }
    }
    const std::string store = string_member(file, "credsStore");
    if (store.empty()) return std::nullopt;
    const std::string host = repository.substr(0, repository.find('/'));
    return helper(store, host == "docker.io" ? kDockerHub : host);
}

} // namespace

Credentials::Credentials(std::vector<fs::path> files, CredentialHelper helper)
    : files_(std::move(files))
    , helper_(std::move(helper))
{}

Credentials Credentials::of_this_user()
{
    std::vector<fs::path> files;
    const auto add = [&](const std::string& directory, const char* name) {
        if (!directory.empty()) files.push_back(fs::path(directory) / name);
    };
    if (const std::string file = variable("REGISTRY_AUTH_FILE"); !file.empty())
        files.emplace_back(file);
    if (const std::string directory = variable("DOCKER_CONFIG"); !directory.empty())
        add(directory, "config.json");
    else
        add(variable("HOME"), ".docker/config.json");
    add(variable("XDG_RUNTIME_DIR"), "containers/auth.json");
    add(user_configuration(), "containers/auth.json");
    return {std::move(files), &ask_credential_helper};
}

std::optional<Credential> Credentials::find(const std::string& repository) const
{
    for (const fs::path& file : files_) {
        std::error_code unknown;
        if (!fs::exists(file, unknown)) continue;
        auto found = in_context("read the logins of \"" + file.native() + "\"", [&] {
            return find_in(parse_object(read_file(file, kLargestFile)), repository, helper_);
        });
        if (found) return found;
    }
    return std::nullopt;
}

} // namespace caisson::runner

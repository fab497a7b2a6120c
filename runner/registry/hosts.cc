#include "runner/registry/hosts.hh"

#include "runner/environment.hh"
#include "runner/image/json_input.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/base/text.hh"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace caisson::runner {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kLargestFile = 1U << 20;

void allow_only(const json& object, std::initializer_list<std::string_view> known)
{
    for (const auto& [name, value] : object.items())
        if (std::ranges::find(known, name) == known.end())
            throw Error(ErrorKind::kInput, "member \"" + printable(name) + "\" is unknown");
}

Mirror mirror_from_json(const json& object)
{
    allow_only(object, {"at", "tags", "plainHttp"});
    Mirror mirror{.at = string_member(object, "at"),
                  .tags = bool_member(object, "tags"),
                  .plain_http = bool_member(object, "plainHttp")};
    if (mirror.at.empty() || mirror.at.find("://") != std::string::npos || mirror.at.back() == '/')
        throw Error(ErrorKind::kInput,
                    "\"" + printable(mirror.at) + "\" is no place of a mirror",
                    "HOST[:PORT][/PATH]");
    return mirror;
}

HostRules rules_from_json(const json& object)
{
    if (!object.is_object()) throw Error(ErrorKind::kInput, "it is not an object");
    allow_only(object, {"plainHttp", "mirrors"});
    HostRules rules{.plain_http = bool_member(object, "plainHttp")};
    if (const json* mirrors = find_member(object, "mirrors")) {
        if (!mirrors->is_array())
            throw Error(ErrorKind::kInput, "member \"mirrors\" is not a list");
        for (const json& each : *mirrors)
            rules.mirrors.push_back(in_context("a mirror", [&] {
                if (!each.is_object()) throw Error(ErrorKind::kInput, "it is not an object");
                return mirror_from_json(each);
            }));
    }
    return rules;
}

std::map<std::string, HostRules> read_rules(const fs::path& file)
{
    std::map<std::string, HostRules> all;
    // comments are allowed, as in a policy
    const json whole = json::parse(read_file(file, kLargestFile), nullptr, false, true);
    if (!whole.is_object()) throw Error(ErrorKind::kInput, "not a JSON object");
    allow_only(whole, {"registries"});
    const json registries = object_member(whole, "registries");
    for (const auto& each : registries.items())
        all.emplace(each.key(), in_context("registry \"" + printable(each.key()) + "\"", [&] {
                        return rules_from_json(each.value());
                    }));
    return all;
}

} // namespace

Hosts::Hosts(std::vector<fs::path> directories)
    : directories_(std::move(directories))
{
    for (const fs::path& directory : directories_) {
        const fs::path file = directory / "registries.json";
        std::error_code unknown;
        if (!fs::exists(file, unknown)) continue;
        with_kind(ErrorKind::kUsage, [&] {
            in_context("read \"" + file.native() + "\"", [&] { rules_.merge(read_rules(file)); });
        });
    }
}

Hosts Hosts::of_this_user()
{
    std::vector<fs::path> directories;
    const fs::path own = user_configuration();
    if (!own.empty()) directories.push_back(own / "caisson");
    directories.emplace_back("/etc/caisson");
    if (!own.empty()) directories.push_back(own / "containers");
    directories.emplace_back("/etc/containers");
    directories.emplace_back("/etc/docker");
    return Hosts(std::move(directories));
}

HostRules Hosts::rules(const std::string& domain) const
{
    const auto found = rules_.find(domain);
    return found == rules_.end() ? HostRules() : found->second;
}

TlsSettings Hosts::tls(const std::string& host) const
{
    for (const fs::path& place : directories_) {
        const fs::path directory = place / "certs.d" / host;
        std::error_code unknown;
        if (!fs::is_directory(directory, unknown)) continue;
        TlsSettings settings;
        std::vector<fs::path> files;
        for (const fs::directory_entry& entry : fs::directory_iterator(directory))
            files.push_back(entry.path());
        std::ranges::sort(files);
        for (fs::path& file : files) {
            if (file.extension() == ".crt")
                settings.authorities += read_file(file, kLargestFile) + "\n";
            if (file.extension() != ".cert" || !settings.certificate.empty()) continue;
            settings.certificate = file;
            settings.key = fs::path(file).replace_extension(".key");
            if (!fs::exists(settings.key, unknown))
                throw Error(ErrorKind::kInput,
                            "\"" + file.native() + "\" has no \"" +
                                settings.key.filename().native() + "\" beside it");
        }
        return settings;
    }
    return {};
}

bool is_loopback(std::string_view domain)
{
    const std::size_t port = domain.rfind(':');
    const bool bare = port == std::string::npos || domain.ends_with("]");
    const std::string_view host = bare ? domain : domain.substr(0, port);
    return host == "localhost" || host == "[::1]" ||
           (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string::npos);
}

} // namespace caisson::runner

#include "runner/image/config.hh"

#include "runner/image/json_input.hh"
#include "runner/image/platform.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/text.hh"

#include <algorithm>
#include <array>
#include <ctime>

namespace caisson::runner {
namespace {

// ---- writing

/// JSON is UTF-8; a label or a variable that is not would be changed silently by any encoding.
const std::string& utf8(const std::string& text, const char* what)
{
    if (!is_utf8(text))
        throw Error(ErrorKind::kInput,
                    std::string(what) + " \"" + printable(text) +
                        "\" is not valid UTF-8, which an image configuration must be");
    return text;
}

void put(nlohmann::json& object, const char* name, const std::string& value)
{
    if (!value.empty()) object[name] = utf8(value, name);
}

void put(nlohmann::json& object, const char* name, const std::vector<std::string>& list)
{
    for (const std::string& item : list)
        object[name].push_back(utf8(item, name));
}

/// A set as Go writes it: an object of empty objects.
void put_set(nlohmann::json& object, const char* name, const std::vector<std::string>& set)
{
    for (const std::string& item : set)
        object[name][utf8(item, name)] = nlohmann::json::object();
}

nlohmann::json execution_to_json(const ImageConfig& config)
{
    nlohmann::json json = nlohmann::json::object();
    put(json, "User", config.user);
    put_set(json, "ExposedPorts", config.exposed_ports);
    for (const auto& [name, value] : config.environment)
        json["Env"].push_back(utf8(name, "Env") + "=" + utf8(value, "Env"));
    put(json, "Entrypoint", config.entrypoint);
    put(json, "Cmd", config.cmd);
    put_set(json, "Volumes", config.volumes);
    put(json, "WorkingDir", config.working_directory);
    for (const auto& [key, value] : config.labels)
        json["Labels"][utf8(key, "Labels")] = utf8(value, "Labels");
    put(json, "StopSignal", config.stop_signal);
    put(json, "Shell", config.shell);
    if (!config.healthcheck.is_null()) json["Healthcheck"] = config.healthcheck;
    put(json, "OnBuild", config.onbuild);
    return json;
}

nlohmann::json history_to_json(const History& line)
{
    nlohmann::json json = nlohmann::json::object();
    put(json, "created", line.created);
    put(json, "created_by", line.created_by);
    put(json, "comment", line.comment);
    if (line.empty_layer) json["empty_layer"] = true;
    return json;
}

// ---- reading

/// Docker's HealthcheckConfig, member by member: kept raw, a foreign value of any depth would be
/// written out again.
nlohmann::json healthcheck_from_json(const nlohmann::json& json)
{
    nlohmann::json check = nlohmann::json::object();
    if (std::vector<std::string> test = list_member(json, "Test"); !test.empty())
        check["Test"] = std::move(test);
    for (const char* name : {"Interval", "Timeout", "StartPeriod", "StartInterval", "Retries"}) {
        const nlohmann::json* number = find_member(json, name);
        if (number == nullptr) continue;
        if (!number->is_number_integer())
            throw Error(ErrorKind::kInput, "member \"" + std::string(name) + "\" is not a number");
        if (*number != 0) check[name] = *number;
    }
    return check.empty() ? nlohmann::json() : check;
}

void read_execution(const nlohmann::json& json, ImageConfig& config)
{
    config.user = string_member(json, "User");
    config.exposed_ports = set_member(json, "ExposedPorts");
    for (const std::string& line : list_member(json, "Env")) {
        const std::size_t equals = line.find('=');
        config.set_environment(line.substr(0, equals),
                               equals == std::string::npos ? "" : line.substr(equals + 1));
    }
    config.entrypoint = list_member(json, "Entrypoint");
    config.cmd = list_member(json, "Cmd");
    config.volumes = set_member(json, "Volumes");
    config.working_directory = string_member(json, "WorkingDir");
    config.labels = map_member(json, "Labels");
    config.stop_signal = string_member(json, "StopSignal");
    config.shell = list_member(json, "Shell");
    config.healthcheck = healthcheck_from_json(object_member(json, "Healthcheck"));
    config.onbuild = list_member(json, "OnBuild");
}

std::vector<attest::Digest> diff_ids_from_json(const nlohmann::json& rootfs)
{
    if (const std::string type = string_member(rootfs, "type"); type != "layers")
        throw Error(ErrorKind::kInput, "\"rootfs\" is not of the type \"layers\"");
    std::vector<attest::Digest> diff_ids;
    for (const std::string& text : list_member(rootfs, "diff_ids")) {
        const std::optional<attest::Digest> digest = attest::Digest::parse(text);
        if (!digest)
            throw Error(ErrorKind::kInput, "diff id \"" + printable(text) + "\" is not a digest");
        diff_ids.push_back(*digest);
    }
    return diff_ids;
}

std::vector<History> history_from_json(const nlohmann::json& json)
{
    const nlohmann::json* list = find_member(json, "history");
    if (list == nullptr) return {};
    if (!list->is_array()) throw Error(ErrorKind::kInput, "member \"history\" is not a list");
    std::vector<History> history;
    for (const nlohmann::json& line : *list) {
        if (!line.is_object())
            throw Error(ErrorKind::kInput, "a line of \"history\" is not an object");
        history.push_back({.created = string_member(line, "created"),
                           .created_by = string_member(line, "created_by"),
                           .comment = string_member(line, "comment"),
                           .empty_layer = bool_member(line, "empty_layer")});
    }
    return history;
}

} // namespace

const std::string* ImageConfig::find_environment(const std::string& name) const
{
    const auto found =
        std::ranges::find(environment, name, &std::pair<std::string, std::string>::first);
    return found == environment.end() ? nullptr : &found->second;
}

void ImageConfig::set_environment(const std::string& name, const std::string& value)
{
    const auto found =
        std::ranges::find(environment, name, &std::pair<std::string, std::string>::first);
    if (found != environment.end())
        found->second = value;
    else
        environment.emplace_back(name, value);
}

std::string to_json_text(const ImageConfig& config)
{
    nlohmann::json json = nlohmann::json::object();
    put(json, "architecture", config.architecture);
    put(json, "variant", config.variant);
    put(json, "os", config.os);
    put(json, "created", config.created);
    // there even when empty: several readers take its absence for a damaged image
    json["config"] = execution_to_json(config);
    json["rootfs"] = {{"type", "layers"}, {"diff_ids", nlohmann::json::array()}};
    for (const attest::Digest& diff_id : config.diff_ids)
        json["rootfs"]["diff_ids"].push_back(diff_id.text());
    for (const History& line : config.history)
        json["history"].push_back(history_to_json(line));
    return json.dump();
}

ImageConfig config_from_json(std::string_view text)
{
    const nlohmann::json json = parse_object(text);
    ImageConfig config;
    config.created = string_member(json, "created");
    config.architecture = string_member(json, "architecture");
    config.os = string_member(json, "os");
    config.variant = string_member(json, "variant");
    read_execution(object_member(json, "config"), config);
    config.diff_ids = diff_ids_from_json(object_member(json, "rootfs"));
    config.history = history_from_json(json);
    return config;
}

ImageConfig scratch_config()
{
    ImageConfig config;
    config.architecture = host_architecture();
    return config;
}

std::string rfc3339(std::int64_t unix_seconds)
{
    const std::time_t seconds = unix_seconds;
    std::tm parts = {};
    if (::gmtime_r(&seconds, &parts) == nullptr)
        throw Error(ErrorKind::kInput,
                    std::to_string(unix_seconds) + " seconds is not a time of any calendar year");
    std::array<char, 64> text = {};
    const std::size_t length =
        std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
    return {text.data(), length};
}

} // namespace caisson::runner

#include "runner/image/json_input.hh"

#include "sandbox/base/error.hh"

#include <nlohmann/json.hpp>

namespace caisson::runner {
namespace {

[[noreturn]] void refuse(const char* name, const char* wanted)
{
    throw Error(ErrorKind::kInput, "member \"" + std::string(name) + "\" is not " + wanted);
}

} // namespace

nlohmann::json parse_object(std::string_view text)
{
    // without exceptions: a broken text is input, not a failure of the library
    nlohmann::json parsed = nlohmann::json::parse(text, nullptr, false);
    if (parsed.is_discarded()) throw Error(ErrorKind::kInput, "not valid JSON");
    if (!parsed.is_object()) throw Error(ErrorKind::kInput, "not a JSON object");
    return parsed;
}

const nlohmann::json* find_member(const nlohmann::json& object, const char* name)
{
    const auto found = object.find(name);
    return found == object.end() || found->is_null() ? nullptr : &*found;
}

std::string string_member(const nlohmann::json& object, const char* name)
{
    const nlohmann::json* member = find_member(object, name);
    if (member == nullptr) return {};
    if (!member->is_string()) refuse(name, "a string");
    return member->get<std::string>();
}

bool bool_member(const nlohmann::json& object, const char* name)
{
    const nlohmann::json* member = find_member(object, name);
    if (member == nullptr) return false;
    if (!member->is_boolean()) refuse(name, "true or false");
    return member->get<bool>();
}

std::vector<std::string> list_member(const nlohmann::json& object, const char* name)
{
    const nlohmann::json* member = find_member(object, name);
    if (member == nullptr) return {};
    if (!member->is_array()) refuse(name, "a list of strings");
    std::vector<std::string> list;
    for (const nlohmann::json& item : *member) {
        if (!item.is_string()) refuse(name, "a list of strings");
        list.push_back(item.get<std::string>());
    }
    return list;
}

std::map<std::string, std::string> map_member(const nlohmann::json& object, const char* name)
{
    std::map<std::string, std::string> map;
    const nlohmann::json members = object_member(object, name);
    for (const auto& [key, value] : members.items()) {
        if (!value.is_string()) refuse(name, "an object of strings");
        map.emplace(key, value.get<std::string>());
    }
    return map;
}

std::vector<std::string> set_member(const nlohmann::json& object, const char* name)
{
    std::vector<std::string> keys;
    const nlohmann::json members = object_member(object, name);
    for (const auto& [key, value] : members.items())
        keys.push_back(key);
    return keys;
}

nlohmann::json object_member(const nlohmann::json& object, const char* name)
{
    const nlohmann::json* member = find_member(object, name);
    if (member == nullptr) return nlohmann::json::object();
    if (!member->is_object()) refuse(name, "an object");
    return *member;
}

} // namespace caisson::runner

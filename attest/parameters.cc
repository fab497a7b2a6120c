#include "attest/parameters.hh"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <string_view>

namespace caisson::attest {
namespace {

enum class Kind { kText, kInteger, kTextMap, kTextList, kDigest };

struct Parameter {
    std::string_view path;
    Kind kind;
};

/// The closed list of docs/buildtype-v1.md (a test compares the two).
constexpr std::array kParameters = {
    Parameter{"/buildArgs", Kind::kTextMap},
    Parameter{"/builderId", Kind::kText},
    Parameter{"/cache/importFrom", Kind::kTextList},
    Parameter{"/cache/mode", Kind::kText},
    Parameter{"/contexts", Kind::kTextMap},
    Parameter{"/dockerfile/path", Kind::kText},
    Parameter{"/labels", Kind::kTextMap},
    Parameter{"/lock/mode", Kind::kText},
    Parameter{"/lock/path", Kind::kText},
    Parameter{"/network", Kind::kText},
    Parameter{"/output/compression", Kind::kText},
    Parameter{"/output/compressionLevel", Kind::kInteger},
    Parameter{"/output/mediaTypes", Kind::kText},
    Parameter{"/output/type", Kind::kTextList},
    Parameter{"/platform", Kind::kText},
    Parameter{"/policy/digest", Kind::kDigest},
    Parameter{"/policy/name", Kind::kText},
    Parameter{"/policy/path", Kind::kText},
    Parameter{"/secretIds", Kind::kTextList},
    Parameter{"/source/subdir", Kind::kText},
    Parameter{"/source/uri", Kind::kText},
    Parameter{"/sourceDateEpoch", Kind::kInteger},
    Parameter{"/sshIds", Kind::kTextList},
    Parameter{"/tags", Kind::kTextList},
    Parameter{"/target", Kind::kText},
};

static_assert(kParameters.size() == kParameterCount);

bool all_text(const nlohmann::json& values)
{
    return std::all_of(values.begin(), values.end(), [](const nlohmann::json& value) {
        return value.is_string();
    });
}

bool is_kind(const nlohmann::json& value, Kind kind)
{
    switch (kind) {
    case Kind::kText:
        return value.is_string();
    case Kind::kInteger:
        return value.is_number_integer();
    case Kind::kTextMap:
        return value.is_object() && all_text(value);
    case Kind::kTextList:
        return value.is_array() && all_text(value);
    case Kind::kDigest: // "sha256:…", or a DigestSet
        return value.is_string() || (value.is_object() && all_text(value));
    }
    return false;
}

std::string problem_at(const nlohmann::json& value, const std::string& path)
{
    const auto known =
        std::find_if(kParameters.begin(), kParameters.end(), [&](const Parameter& parameter) {
            return parameter.path == path;
        });
    if (known != kParameters.end())
        return is_kind(value, known->kind) ? "" : path + " has another type than documented";
    const bool is_folder =
        std::any_of(kParameters.begin(), kParameters.end(), [&](const Parameter& parameter) {
            return parameter.path.starts_with(path + '/');
        });
    if (!is_folder) return path + " is no parameter of this build type";
    if (!value.is_object()) return path + " is no object";
    for (const auto& [name, below] : value.items())
        if (std::string problem = problem_at(below, path + '/' + name); !problem.empty())
            return problem;
    return {};
}

} // namespace

std::string problem_of_parameters(const nlohmann::json& parameters)
{
    return problem_at(parameters, "");
}

} // namespace caisson::attest

#include "sandbox/plan_json.hh"

#include "sandbox/base/error.hh"

#include <nlohmann/json.hpp>
#include <type_traits>
#include <utility>

namespace caisson::sandbox {
namespace {

using nlohmann::json;

json to_json(const PlanFile& file)
{
    return {{"content", file.content}, {"mode", file.mode}, {"path", file.path}};
}

json to_json(const Bind& bind)
{
    return {{"destination", bind.destination},
            {"host_path", bind.host_path},
            {"source", bind.source},
            {"writable", bind.writable}};
}

/// Whether `value` is a `Value` as it stands: the library would turn 1.5, -1 and true into numbers.
template<class Value>
bool holds(const json& value)
{
    if constexpr (std::is_same_v<Value, bool>)
        return value.is_boolean();
    else if constexpr (std::is_integral_v<Value>)
        return value.is_number_unsigned()
                   ? std::in_range<Value>(value.get<std::uint64_t>())
                   : value.is_number_integer() && std::in_range<Value>(value.get<std::int64_t>());
    else
        return true; // get_to() is as strict
}

/// The members of one object, each to be taken once.
class Members {
public:
    Members(const json& object, std::size_t count)
        : object_(object)
    {
        if (!object.is_object() || object.size() != count)
            throw Error(ErrorKind::kInternal, "a plan has other members than it should");
    }

    template<class Value>
    void take(const char* name, Value& value) const
    try {
        const json& member = at(name);
        if (!holds<Value>(member))
            throw Error(ErrorKind::kInternal,
                        "plan member \"" + std::string(name) + "\" is of another type or size");
        member.get_to(value);
    } catch (const json::exception& failure) {
        throw Error(ErrorKind::kInternal,
                    "plan member \"" + std::string(name) + "\": " + failure.what());
    }

    [[nodiscard]] const json& at(const char* name) const
    {
        const auto found = object_.find(name);
        if (found == object_.end())
            throw Error(ErrorKind::kInternal,
                        "plan member \"" + std::string(name) + "\" is missing");
        return *found;
    }

private:
    const json& object_; // NOLINT(cppcoreguidelines-avoid-const-or-ref-data-members)
};

/// The library would walk an object, or a single value, as if it were one.
const json& list(const json& value)
{
    if (!value.is_array())
        throw Error(ErrorKind::kInternal, "a plan has no list where one should be");
    return value;
}

std::vector<PlanFile> files_from_json(const json& value)
{
    std::vector<PlanFile> files;
    for (const json& entry : list(value)) {
        const Members members(entry, 3);
        PlanFile file;
        members.take("content", file.content);
        members.take("mode", file.mode);
        members.take("path", file.path);
        files.push_back(std::move(file));
    }
    return files;
}

std::vector<Bind> binds_from_json(const json& value)
{
    std::vector<Bind> binds;
    for (const json& entry : list(value)) {
        const Members members(entry, 4);
        Bind bind;
        members.take("destination", bind.destination);
        members.take("host_path", bind.host_path);
        members.take("source", bind.source);
        members.take("writable", bind.writable);
        binds.push_back(std::move(bind));
    }
    return binds;
}

constexpr const char* kRequired = "required";
constexpr const char* kIfAvailable = "if-available";

constexpr const char* kNative = "native";
constexpr const char* kI386 = "i386";

Architecture architecture_from_text(const std::string& text)
{
    if (text == kNative) return Architecture::kNative;
    if (text == kI386) return Architecture::kI386;
    throw Error(ErrorKind::kInternal,
                "plan member \"architecture\": \"" + text + "\" means nothing");
}

Landlock landlock_from_text(const std::string& text)
{
    if (text == kRequired) return Landlock::kRequired;
    if (text == kIfAvailable) return Landlock::kIfAvailable;
    throw Error(ErrorKind::kInternal, "plan member \"landlock\": \"" + text + "\" means nothing");
}

} // namespace

json to_json(const Limits& limits)
{
    return {{"address_space_bytes",
             limits.address_space_bytes ? json(*limits.address_space_bytes) : json(nullptr)},
            {"build_disk_bytes", limits.build_disk_bytes},
            {"build_memory_bytes", limits.build_memory_bytes},
            {"cpu_percent", limits.cpu_percent},
            {"cpu_seconds", limits.cpu_time.count()},
            {"disk_bytes", limits.disk_bytes},
            {"disk_files", limits.disk_files},
            {"file_size_bytes", limits.file_size_bytes},
            {"huge_page_bytes", limits.huge_page_bytes},
            {"memory_bytes", limits.memory_bytes},
            {"open_files", limits.open_files},
            {"output_bytes", limits.output_bytes},
            {"processes", limits.processes},
            {"step_time_ms", limits.step_time.count()},
            {"swap_bytes", limits.swap_bytes}};
}

json to_json(const Plan& plan)
{
    json files = json::array();
    for (const PlanFile& file : plan.files)
        files.push_back(to_json(file));
    json binds = json::array();
    for (const Bind& bind : plan.binds)
        binds.push_back(to_json(bind));
    return {{"accepted", plan.accepted},
            {"architecture", plan.architecture == Architecture::kI386 ? kI386 : kNative},
            {"argv", plan.argv},
            {"binds", std::move(binds)},
            {"capabilities", plan.capabilities},
            {"environment", plan.environment},
            {"files", std::move(files)},
            {"hostname", plan.hostname},
            {"landlock", plan.landlock == Landlock::kRequired ? kRequired : kIfAvailable},
            {"limits", to_json(plan.limits)},
            {"lowers", plan.lowers},
            {"name", plan.name},
            {"seccomp_digest", plan.seccomp_digest},
            {"upper", plan.upper},
            {"user", plan.user},
            {"working_directory", plan.working_directory}};
}

Limits limits_from_json(const json& value)
{
    const Members members(value, 15);
    Limits limits;
    std::int64_t cpu_seconds = 0;
    std::int64_t milliseconds = 0;
    if (!members.at("address_space_bytes").is_null())
        members.take("address_space_bytes", limits.address_space_bytes.emplace());
    members.take("build_disk_bytes", limits.build_disk_bytes);
    members.take("build_memory_bytes", limits.build_memory_bytes);
    members.take("cpu_percent", limits.cpu_percent);
    members.take("cpu_seconds", cpu_seconds);
    members.take("disk_bytes", limits.disk_bytes);
    members.take("disk_files", limits.disk_files);
    members.take("file_size_bytes", limits.file_size_bytes);
    members.take("huge_page_bytes", limits.huge_page_bytes);
    members.take("memory_bytes", limits.memory_bytes);
    members.take("open_files", limits.open_files);
    members.take("output_bytes", limits.output_bytes);
    members.take("processes", limits.processes);
    members.take("step_time_ms", milliseconds);
    members.take("swap_bytes", limits.swap_bytes);
    limits.cpu_time = std::chrono::seconds(cpu_seconds);
    limits.step_time = std::chrono::milliseconds(milliseconds);
    return limits;
}

Plan plan_from_json(const json& value)
{
    const Members members(value, 16);
    Plan plan;
    std::string architecture;
    std::string landlock;
    members.take("accepted", plan.accepted);
    members.take("architecture", architecture);
    members.take("argv", plan.argv);
    members.take("capabilities", plan.capabilities);
    members.take("environment", plan.environment);
    members.take("hostname", plan.hostname);
    members.take("landlock", landlock);
    members.take("lowers", plan.lowers);
    members.take("name", plan.name);
    members.take("seccomp_digest", plan.seccomp_digest);
    members.take("upper", plan.upper);
    members.take("user", plan.user);
    members.take("working_directory", plan.working_directory);
    plan.architecture = architecture_from_text(architecture);
    plan.landlock = landlock_from_text(landlock);
    plan.limits = limits_from_json(members.at("limits"));
    plan.files = files_from_json(members.at("files"));
    plan.binds = binds_from_json(members.at("binds"));
    if (plan.argv.empty()) throw Error(ErrorKind::kInternal, "a plan without a command");
    return plan;
}

} // namespace caisson::sandbox

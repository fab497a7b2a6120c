// The limits of a policy. What a key that is absent stands for is said here and in the schema; why
// it is that much, in docs/limits.md.
#include "policies/limits.hh"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace caisson::policies {
namespace {

constexpr std::uint64_t kMebibyte = 1ULL << 20;
constexpr std::uint64_t kGibibyte = 1ULL << 30;
constexpr std::uint64_t kMostBytes = 1ULL << 50;
constexpr std::uint64_t kWeek = 7ULL * 24 * 3600;

/// Below it not even the set-up of a cell gets through.
constexpr std::uint64_t kLeastMemory = 16 * kMebibyte;

constexpr std::uint64_t kUsualMemory = 8 * kGibibyte;
constexpr std::uint64_t kUsualCpuPercent = 6400;
constexpr std::uint64_t kUsualCpuSeconds = 57600;
constexpr std::uint64_t kUsualDisk = 32 * kGibibyte;
constexpr std::uint64_t kUsualFiles = 1'000'000;

constexpr std::array<std::string_view, 17> kKeys = {"memory_bytes",
                                                    "swap_bytes",
                                                    "huge_page_bytes",
                                                    "address_space_bytes",
                                                    "processes",
                                                    "cpu_percent",
                                                    "cpu_seconds",
                                                    "disk_bytes",
                                                    "disk_files",
                                                    "file_size_bytes",
                                                    "open_files",
                                                    "output_bytes",
                                                    "step_seconds",
                                                    "build_memory_bytes",
                                                    "build_disk_bytes",
                                                    "build_seconds",
                                                    "enforce"};

/// The limits that not every host can hold; the others hold everywhere.
constexpr std::array<std::string_view, 10> kEnforceable = {"memory_bytes",
                                                           "swap_bytes",
                                                           "huge_page_bytes",
                                                           "processes",
                                                           "cpu_percent",
                                                           "cpu_seconds",
                                                           "disk_bytes",
                                                           "disk_files",
                                                           "build_memory_bytes",
                                                           "build_disk_bytes"};

constexpr std::string_view kRequired = "required";
constexpr std::string_view kKernelRequired = "kernel-required";

/// The total of a build: what is given, or twice what a step may take, so that two can run at once.
std::uint64_t total(const JsonCursor& cursor,
                    std::string_view name,
                    std::string_view step_name,
                    std::uint64_t step)
{
    const auto given = cursor.find(name);
    if (!given) return 2 * step;
    const std::uint64_t value = given->whole_number(1, 2 * kMostBytes);
    if (value < step)
        given->refuse("is less than \"limits." + std::string(step_name) +
                      "\", what one step may take");
    return value;
}

std::map<std::string, Enforcement> parse_enforcement(const JsonCursor& cursor)
{
    constexpr std::array kWords = {kRequired, kKernelRequired};
    cursor.allow_only(kEnforceable);
    std::map<std::string, Enforcement> enforce;
    for (const std::string_view key : kEnforceable)
        if (const auto member = cursor.find(key))
            enforce.emplace(key,
                            member->one_of(kWords) == kRequired ? Enforcement::kRequired
                                                                : Enforcement::kKernelRequired);
    return enforce;
}

} // namespace

PolicyLimits parse_limits(const JsonCursor& cursor)
{
    cursor.allow_only(kKeys);
    const auto needed = [&](std::string_view name, std::uint64_t least, std::uint64_t most) {
        return cursor.at(name).whole_number(least, most);
    };
    const auto usual = [&](std::string_view name,
                           std::uint64_t least,
                           std::uint64_t most,
                           std::uint64_t otherwise) {
        const auto given = cursor.find(name);
        return given ? given->whole_number(least, most) : otherwise;
    };
    PolicyLimits limits;
    limits.memory_bytes = usual("memory_bytes", kLeastMemory, kMostBytes, kUsualMemory);
    limits.swap_bytes = usual("swap_bytes", 0, kMostBytes, 0);
    limits.huge_page_bytes = usual("huge_page_bytes", 0, kMostBytes, 0);
    if (const auto given = cursor.find("address_space_bytes"))
        limits.address_space_bytes = given->whole_number(kLeastMemory, kMostBytes);
    limits.processes = needed("processes", 1, 1'000'000);
    limits.cpu_percent = usual("cpu_percent", 1, 1'000'000, kUsualCpuPercent);
    limits.cpu_time =
        std::chrono::seconds(usual("cpu_seconds", 1, 10'000 * kWeek, kUsualCpuSeconds));
    limits.disk_bytes = usual("disk_bytes", kMebibyte, kMostBytes, kUsualDisk);
    limits.disk_files = usual("disk_files", 1, 1ULL << 32, kUsualFiles);
    limits.file_size_bytes = needed("file_size_bytes", 1, kMostBytes);
    limits.open_files = needed("open_files", 64, 1U << 20);
    limits.output_bytes = needed("output_bytes", 1, 1ULL << 40);
    limits.step_time = std::chrono::seconds(needed("step_seconds", 1, kWeek));
    limits.build_memory_bytes =
        total(cursor, "build_memory_bytes", "memory_bytes", limits.memory_bytes);
    limits.build_disk_bytes = total(cursor, "build_disk_bytes", "disk_bytes", limits.disk_bytes);
    limits.build_time = std::chrono::seconds(needed("build_seconds", 1, kWeek));
    if (const auto member = cursor.find("enforce")) limits.enforce = parse_enforcement(*member);
    return limits;
}

nlohmann::json canonical_limits(const PolicyLimits& limits)
{
    nlohmann::json enforce = nlohmann::json::object();
    for (const auto& [key, how] : limits.enforce)
        enforce[key] = how == Enforcement::kRequired ? kRequired : kKernelRequired;
    nlohmann::json document = {{"memory_bytes", limits.memory_bytes},
                               {"swap_bytes", limits.swap_bytes},
                               {"huge_page_bytes", limits.huge_page_bytes},
                               {"processes", limits.processes},
                               {"cpu_percent", limits.cpu_percent},
                               {"cpu_seconds", limits.cpu_time.count()},
                               {"disk_bytes", limits.disk_bytes},
                               {"disk_files", limits.disk_files},
                               {"file_size_bytes", limits.file_size_bytes},
                               {"open_files", limits.open_files},
                               {"output_bytes", limits.output_bytes},
                               {"step_seconds", limits.step_time.count()},
                               {"build_memory_bytes", limits.build_memory_bytes},
                               {"build_disk_bytes", limits.build_disk_bytes},
                               {"build_seconds", limits.build_time.count()},
                               {"enforce", std::move(enforce)}};
    if (limits.address_space_bytes) document["address_space_bytes"] = *limits.address_space_bytes;
    return document;
}

} // namespace caisson::policies

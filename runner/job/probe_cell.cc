#include "runner/job/probe_cell.hh"

#include "runner/job/cell_run.hh"
#include "runner/job/compile_filter.hh"
#include "runner/job/compile_plan.hh"
#include "runner/job/context.hh"
#include "runner/job/probe_calls.hh"
#include "runner/job/programs.hh"
#include "runner/job/relay.hh"
#include "runner/job/step_error.hh"
#include "runner/request.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/base/program.hh"
#include "sandbox/base/text.hh"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace caisson::runner {
namespace {

using nlohmann::json;

constexpr const char* kProbe = "caisson-probe";
constexpr const char* kMemory = "self-test.json"; // in the store
constexpr std::size_t kLargestProbe = 64U << 20;
constexpr std::size_t kMostOutput = 4U << 20;
constexpr std::chrono::milliseconds kCheapTime{30'000};
constexpr std::chrono::milliseconds kWholeTime{600'000};

UniqueFd memory_file(const char* name)
{
    UniqueFd file(::memfd_create(name, MFD_CLOEXEC));
    if (!file) throw SysError(errno, "memfd_create");
    return file;
}

std::string content_of(const UniqueFd& file)
{
    if (::lseek(file.get(), 0, SEEK_SET) != 0) throw SysError(errno, "lseek");
    return read_all(file.get(), kLargestProbe + kMostOutput, "what the self-test wrote");
}

Layer plain_layer(const attest::Digest& digest, std::uint64_t size)
{
    return {.blob = {.media_type = kOciLayer, .digest = digest, .size = size}, .diff_id = digest};
}

/// The layer that an earlier test made of the same program: to make it again is to hash it.
std::optional<Layer> remembered_root(Store& store, const json& memory, const std::string& program)
{
    if (!memory.is_object() || memory.value("program", json()) != program ||
        !memory.value("layer", json()).is_string() ||
        !memory.value("size", json()).is_number_unsigned())
        return std::nullopt;
    const auto digest = attest::Digest::parse(memory["layer"].get<std::string>());
    const auto size = memory["size"].get<std::uint64_t>();
    if (!digest || !store.has_blob(*digest, size)) return std::nullopt;
    return plain_layer(*digest, size);
}

/// The probe and the directories that cells mount on, as tar.
std::string tar_of(const std::string& program)
{
    const UniqueFd memory = memory_file("self-test root");
    TarWriter tar(memory.get());
    for (const char* directory : {"dev", "proc", "tmp"})
        tar.add_directory(directory, 0755, kDefaultEpoch);
    tar.begin_file(kProbe, 0755, program.size(), kDefaultEpoch);
    tar.write(program);
    tar.end_file();
    tar.finish();
    return content_of(memory);
}

/// A root with nothing else on it, as a layer of the store.
LayerStack probe_root(Store& store)
{
    const UniqueFd program = open_file(own_directory() / kProbe, O_RDONLY);
    struct stat status = {};
    if (::fstat(program.get(), &status) != 0) throw SysError(errno, "fstat");
    const std::string identity = file_identity(status);
    const std::filesystem::path memory = store.root() / kMemory;
    std::error_code missing;
    if (std::filesystem::exists(memory, missing))
        if (const auto known = remembered_root(
                store, json::parse(read_file(memory, 1U << 16), nullptr, false), identity))
            return stack_of({*known});
    const std::string tar = tar_of(read_all(program.get(), kLargestProbe, "caisson-probe"));
    const Layer layer = plain_layer(store.put_blob(tar), tar.size());
    write_file_atomically(
        memory,
        json(
            {{"program", identity}, {"layer", layer.blob.digest.text()}, {"size", layer.blob.size}})
            .dump());
    return stack_of({layer});
}

/// Nothing for a line that is none of the probe's.
std::optional<ProbeAttempt> attempt_from(const json& line)
{
    static const std::set<std::string> kSeverities = {"must", "should", "control"};
    static const std::set<std::string> kResults = {"open", "refused", "absent"};
    ProbeAttempt attempt;
    if (!line.is_object() || line.size() != 4) return std::nullopt;
    for (const auto& [name, field] : {std::pair{"id", &attempt.id},
                                      {"severity", &attempt.severity},
                                      {"result", &attempt.result},
                                      {"detail", &attempt.detail}}) {
        if (!line.contains(name) || !line[name].is_string()) return std::nullopt;
        *field = line[name].get<std::string>();
    }
    if (!kSeverities.contains(attempt.severity) || !kResults.contains(attempt.result))
        return std::nullopt;
    return attempt;
}

std::vector<ProbeAttempt> parse_attempts(std::string_view text)
{
    std::vector<ProbeAttempt> attempts;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const auto attempt = attempt_from(json::parse(text.substr(0, end), nullptr, false));
        if (!attempt)
            throw Error(ErrorKind::kHost,
                        "caisson-probe said what means nothing: " +
                            printable(text.substr(0, std::min<std::size_t>(end, 200))),
                        "it is of another version, or damaged: put our programs there again");
        attempts.push_back(*attempt);
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return attempts;
}

/// How few a policy allows is not tried here: the set needs these.
void make_room(sandbox::Limits& limits)
{
    constexpr std::uint64_t kBytes = 256ULL << 20;
    limits.memory_bytes = std::max(limits.memory_bytes, kBytes);
    limits.build_memory_bytes = std::max(limits.build_memory_bytes, kBytes);
    if (limits.address_space_bytes)
        limits.address_space_bytes = std::max(*limits.address_space_bytes, kBytes);
    limits.processes = std::max<std::uint64_t>(limits.processes, 64);
    limits.open_files = std::max<std::uint64_t>(limits.open_files, 256);
    limits.disk_bytes = std::max<std::uint64_t>(limits.disk_bytes, 64U << 20);
    limits.disk_files = std::max<std::uint64_t>(limits.disk_files, 1000);
    limits.cpu_time = std::max(limits.cpu_time, std::chrono::seconds(600));
    limits.output_bytes = kMostOutput;
}

sandbox::Plan plan_of(const policies::Policy& policy, ProbeSet set, const Filter& filter)
{
    sandbox::Plan plan = plan_of_policy(policy, filter.digest);
    plan.name = "self-test";
    plan.argv = {std::string("/") + kProbe};
    plan.environment = {"PATH=/"};
    make_room(plan.limits);
    plan.limits.step_time = kWholeTime;
    if (set == ProbeSet::kCheap) {
        plan.argv.emplace_back("--cheap");
        plan.limits.step_time = kCheapTime;
    }
    return plan;
}

} // namespace

std::vector<ProbeAttempt> attempt_in_cell(Site& site, const policies::Policy& policy, ProbeSet set)
{
    return in_context("self-test", [&] {
        const Filter filter =
            filter_of_policy(policy, sandbox::Architecture::kNative, calls_beside(policy));
        sandbox::Plan plan = plan_of(policy, set, filter);
        plan.lowers = site.trees_of(probe_root(site.store()));
        plan.upper = site.new_tree();
        const UniqueFd output = memory_file("self-test output");
        const UniqueFd errors = memory_file("self-test errors");
        Relay relay({.output = output.get(), .errors = errors.get(), .limit = kMostOutput});
        const sandbox::Outcome outcome =
            run_in_cell(site.chamber(), plan, filter.program.get(), relay);
        relay.finish();
        const std::string said = content_of(errors);
        if (!outcome.ok())
            throw Error(ErrorKind::kHost,
                        "caisson-probe did not come to its end: " + verdict_text(outcome) +
                            (said.empty() ? "" : "; it said " + printable(said)),
                        "what a policy's calls and limits leave it no room for is allowed it: the "
                        "host is out of memory, or its programs are damaged");
        return parse_attempts(content_of(output));
    });
}

} // namespace caisson::runner

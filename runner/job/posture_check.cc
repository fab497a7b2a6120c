#include "runner/job/posture_check.hh"

#include "runner/job/programs.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/features.hh"

#include <cerrno>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <optional>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

namespace caisson::runner {
namespace {

using nlohmann::json;

constexpr const char* kFile = "posture.json"; // in the store
constexpr std::size_t kLargestFile = 1U << 18;
constexpr std::size_t kMostKept = 16; // policies in use at once are few; the file is read each time

/// The file's text is not read: whose name an id has may be a question to a server.
std::string identity_of(const char* path)
{
    struct stat status = {};
    if (::stat(path, &status) != 0) return "none";
    return file_identity(status);
}

std::string namespace_of(const char* path)
{
    struct stat status = {};
    if (::stat(path, &status) != 0) throw SysError(errno, std::string("stat ") + path);
    return std::to_string(status.st_ino);
}

std::string boot_id()
{
    return read_all(
        open_file("/proc/sys/kernel/random/boot_id", O_RDONLY).get(), 64, "the boot id");
}

/// Everything but the boot that the answer hangs on. The policy and our program stand for the
/// filter.
std::string
key_of(const policies::Policy& policy, const std::vector<attest::Material>& programs, Site& site)
{
    utsname kernel = {};
    if (::uname(&kernel) != 0) throw SysError(errno, "uname");
    json key = {{"kernel", {kernel.release, kernel.version, kernel.machine}},
                {"policy", attest::Digest::of(policy.canonical_json).text()},
                {"user", ::geteuid()},
                {"ids", {identity_of("/etc/subuid"), identity_of("/etc/subgid")}},
                // a container that has the store of another one may be without some of its walls
                {"namespaces",
                 {namespace_of("/proc/self/ns/user"),
                  namespace_of("/proc/self/ns/mnt"),
                  namespace_of("/proc/self/ns/net")}},
                {"treesInMemory", sandbox::trees_lie_in_memory(site.store().trees())},
                {"chamber", {site.scope().i386, site.scope().below_floor}},
                {"programs", json::array()}};
    for (const attest::Material& program : programs)
        key["programs"].push_back({program.name, program.digest});
    return attest::Digest::of(key.dump()).hex();
}

json to_json(const Posture& posture)
{
    return {{"attempts", posture.attempts},
            {"refused", posture.refused},
            {"absent", posture.absent},
            {"open", posture.open},
            {"given", posture.given},
            {"callsBeside", posture.calls_beside}};
}

bool holds_texts(const json& entry, const char* name, bool (json::*is_kind)() const)
{
    if (!entry.contains(name) || !(entry[name].*is_kind)()) return false;
    for (const json& element : entry[name])
        if (!element.is_string()) return false;
    return true;
}

/// Nothing for an entry that is damaged: it is tried again.
std::optional<Posture> posture_from(const json& entry)
{
    const auto is_number = [&](const char* name) {
        return entry.contains(name) && entry[name].is_number_unsigned();
    };
    if (!entry.is_object() || !is_number("attempts") || !is_number("refused") ||
        !is_number("absent") || !holds_texts(entry, "open", &json::is_array) ||
        !holds_texts(entry, "given", &json::is_object) ||
        !holds_texts(entry, "callsBeside", &json::is_array))
        return std::nullopt;
    Posture posture{.cached = true};
    entry["attempts"].get_to(posture.attempts);
    entry["refused"].get_to(posture.refused);
    entry["absent"].get_to(posture.absent);
    entry["open"].get_to(posture.open);
    entry["given"].get_to(posture.given);
    entry["callsBeside"].get_to(posture.calls_beside);
    if (posture.attempts == 0 ||
        posture.attempts != posture.refused + posture.absent + posture.open.size())
        return std::nullopt;
    return posture;
}

/// What was found since this boot, by key. Of another boot nothing counts, and nothing of a file
/// that is damaged.
json read_known(const std::filesystem::path& file, const std::string& boot)
{
    std::error_code missing;
    if (!std::filesystem::is_regular_file(file, missing) ||
        std::filesystem::file_size(file, missing) > kLargestFile)
        return json::object();
    json known = json::parse(read_file(file, kLargestFile), nullptr, false);
    if (!known.is_object() || !known.contains("boot") || known["boot"] != boot ||
        !known.contains("found") || !known["found"].is_object())
        return json::object();
    return std::move(known["found"]);
}

std::string joined(const std::vector<std::string>& parts)
{
    std::string text;
    for (const std::string& part : parts)
        text += (text.empty() ? "" : "; ") + part;
    return text;
}

} // namespace

Posture check_posture(Site& site,
                      const policies::Policy& policy,
                      const std::vector<attest::Material>& programs,
                      PostureCache cache)
{
    const std::filesystem::path file = site.store().root() / kFile;
    const std::string boot = boot_id();
    const std::string key = key_of(policy, programs, site);
    json known = read_known(file, boot);
    if (cache == PostureCache::kUse && known.contains(key))
        if (const std::optional<Posture> found = posture_from(known[key])) return *found;

    Posture posture = Judge(policy).posture_of(attempt_in_cell(site, policy, ProbeSet::kCheap));
    if (!posture.broken.empty())
        throw Error(
            ErrorKind::kHost,
            "self-test: the walls of a cell do not hold here: " + joined(posture.broken),
            "caisson host check --self-test, with the policy of this build, shows all of it");
    if (known.size() >= kMostKept) known = json::object();
    known[key] = to_json(posture);
    write_file_atomically(file, json({{"boot", boot}, {"found", std::move(known)}}).dump());
    return posture;
}

} // namespace caisson::runner

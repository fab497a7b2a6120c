#include "runner/job/programs.hh"

#include "attest/digest.hh"
#include "runner/image/config.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/base/program.hh"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

namespace caisson::runner {
namespace {

std::string identity_of(int file)
{
    struct stat status = {};
    if (::fstat(file, &status) != 0) throw SysError(errno, "fstat");
    return file_identity(status);
}

UniqueFd open_program(const std::filesystem::path& path)
{
    std::error_code missing;
    if (!std::filesystem::exists(path, missing))
        throw Error(ErrorKind::kHost,
                    "\"" + path.native() + "\" is missing",
                    "caisson and the programs that it starts lie in one directory: put all of "
                    "them there");
    return open_file(path, O_RDONLY);
}

std::string digest_of(int file)
{
    attest::Sha256 hash;
    std::string buffer(1U << 20U, '\0');
    for (;;) {
        const ssize_t got = ::read(file, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) throw SysError(errno, "read");
        if (got == 0) return std::move(hash).finish().hex();
        hash.update({buffer.data(), static_cast<std::size_t>(got)});
    }
}

} // namespace

std::string file_identity(const struct stat& status)
{
    return std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino) + ":" +
           std::to_string(status.st_size) + ":" + std::to_string(status.st_ctim.tv_sec) + "." +
           std::to_string(status.st_ctim.tv_nsec);
}

std::vector<attest::Material> program_digests(Store& store)
{
    const std::filesystem::path memory = store.root() / "programs.json";
    std::error_code missing;
    nlohmann::json known = nlohmann::json::object();
    if (std::filesystem::exists(memory, missing))
        known = nlohmann::json::parse(read_file(memory, 1U << 16U), nullptr, false);
    if (!known.is_object()) known = nlohmann::json::object();
    std::vector<attest::Material> programs;
    bool learned = false;
    for (const char* name : {"caisson", "caisson-chamber", "caisson-probe", "caisson-signer"}) {
        const UniqueFd file = open_program(own_directory() / name);
        const std::string identity = identity_of(file.get());
        if (!known.contains(identity) || !known[identity].is_string()) {
            if (!learned && known.size() > 64) known = nlohmann::json::object();
            known[identity] = digest_of(file.get());
            learned = true;
        }
        programs.push_back(
            {.name = name,
             .uri = "pkg:generic/" + std::string(name) +
                    "@" CAISSON_VERSION "?os=linux&arch=" + scratch_config().architecture,
             .digest = {{"sha256", known[identity].get<std::string>()}}});
    }
    if (learned) write_file_atomically(memory, known.dump());
    return programs;
}

} // namespace caisson::runner

#include "sandbox/archive_member.hh"

#include "sandbox/base/error.hh"
#include "sandbox/base/error_wire.hh"
#include "sandbox/base/file.hh"
#include "sandbox/base/program.hh"
#include "sandbox/chamber/handshake.hh"
#include "sandbox/sys/path.hh"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/mman.h>
#include <unistd.h>

namespace caisson::sandbox {
namespace {

[[noreturn]] void damaged(const std::string& why)
{
    throw Error(ErrorKind::kInput, why);
}

/// Of a size that is fixed: writing into it never waits for us, and never takes more.
UniqueFd make_answer_file()
{
    UniqueFd file(::memfd_create("answer", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!file) throw SysError(errno, "memfd_create");
    if (::ftruncate(file.get(), kMostAnswer) != 0) throw SysError(errno, "ftruncate");
    if (::fcntl(file.get(), F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0)
        throw SysError(errno, "fcntl(F_ADD_SEALS)");
    return file;
}

std::string read_answer(int file)
{
    if (::lseek(file, 0, SEEK_SET) != 0) throw SysError(errno, "lseek");
    std::string answer = read_all(file, kMostAnswer, "the reader's answer");
    answer.resize(answer.find_last_not_of('\0') + 1);
    return answer;
}

/// The bytes that came through `pipe`. The reader is not trusted: a hole in a sparse file, or a
/// reader that the archive took over, could give bytes for ever.
std::uint64_t
forward(int pipe, std::uint64_t most, const std::function<void(std::string_view)>& sink)
{
    std::array<char, 65536> buffer = {};
    std::uint64_t total = 0;
    for (;;) {
        const ssize_t got = ::read(pipe, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) throw SysError(errno, "read");
        if (got == 0) return total;
        total += static_cast<std::uint64_t>(got);
        if (total > most) damaged("a file in it is larger than the archive");
        sink({buffer.data(), static_cast<std::size_t>(got)});
    }
}

void expect_whole(const std::string& answer, std::uint64_t came)
{
    const auto message = nlohmann::json::parse(answer, nullptr, false);
    if (!message.is_object() || !message.contains("result")) throw Error(error_from_json(answer));
    if (message["result"] != came) damaged("a file in it came incomplete");
}

} // namespace

void read_archive_member(const std::filesystem::path& program,
                         int archive,
                         const std::string& name,
                         const std::function<void(std::string_view)>& sink)
{
    const struct stat status = sys::fstat(archive);
    if (!S_ISREG(status.st_mode)) damaged("it is no regular file");
    if (::lseek(archive, 0, SEEK_SET) != 0) throw SysError(errno, "lseek");
    auto [content, content_end] = make_pipe();
    const UniqueFd answer = make_answer_file();
    Program reader =
        Program::start({.path = program,
                        .arguments = {kMemberMode, name},
                        .descriptors = {{kArchiveFd, archive}, {kAnswerFd, answer.get()}},
                        .standard_output = content_end.get(),
                        .standard_error = -1});
    content_end.reset(); // or the end would never be seen
    const std::uint64_t came =
        forward(content.get(), static_cast<std::uint64_t>(status.st_size), sink);
    if (const int ended = reader.wait(); ended != 0)
        damaged("its reader ended with status " + std::to_string(ended));
    expect_whole(read_answer(answer.get()), came);
}

} // namespace caisson::sandbox

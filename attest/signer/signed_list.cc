#include "attest/signer/signed_list.hh"

#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/base/scope_exit.hh"

#include <cerrno>
#include <fcntl.h>
#include <sys/file.h>

namespace caisson::attest {
namespace {

/// A million builds and more.
constexpr std::size_t kMaxList = 64U << 20;

} // namespace

SignedList SignedList::open_beside(const std::filesystem::path& key)
{
    std::string path = key.native() + ".signed";
    UniqueFd file = in_context("open the list of what this key signed", [&] {
        return open_file(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0600);
    });
    return {std::move(file), std::move(path)};
}

void SignedList::add(std::string_view invocation) const
{
    while (::flock(file_.get(), LOCK_EX) != 0)
        if (errno != EINTR) throw SysError(errno, "lock \"" + path_ + "\"");
    const ScopeExit unlock([&]() noexcept { ::flock(file_.get(), LOCK_UN); });

    if (::lseek(file_.get(), 0, SEEK_SET) != 0) throw SysError(errno, "seek \"" + path_ + "\"");
    const std::string list = '\n' + read_all(file_.get(), kMaxList, "\"" + path_ + "\"");
    const std::string line = std::string(invocation) + '\n';
    if (list.find('\n' + line) != std::string::npos)
        throw Error(ErrorKind::kRefused,
                    "invocation " + std::string(invocation) + " has been signed before");
    // Before the signature exists: a signer killed in between has used the id up, not freed it. Not
    // flushed to the disk: who can cut the power has the machine, and an honest id is random.
    // A line that a full disk cut short is ended first.
    write_all(file_.get(), list.back() == '\n' ? line : '\n' + line);
}

} // namespace caisson::attest

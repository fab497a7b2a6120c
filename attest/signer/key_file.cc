#include "attest/signer/key_file.hh"

#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/base/scope_exit.hh"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>

namespace caisson::attest {
namespace {

constexpr std::size_t kMaxKeyFile = 16U << 10;

void check_mode(int file, const std::filesystem::path& path)
{
    struct stat status = {};
    if (::fstat(file, &status) != 0) throw SysError(errno, "stat \"" + path.native() + "\"");
    if (!S_ISREG(status.st_mode))
        throw Error(ErrorKind::kInput, "\"" + path.native() + "\" is not a regular file");
    if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        throw Error(ErrorKind::kInput,
                    "\"" + path.native() + "\" is open to other users",
                    "chmod 600 " + path.native());
}

} // namespace

PrivateKey read_key_file(const std::filesystem::path& path)
{
    return in_context("read the signing key", [&] {
        // O_NONBLOCK: a fifo would hold us here
        const UniqueFd file = open_file(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
        check_mode(file.get(), path);
        std::string pem = read_all(file.get(), kMaxKeyFile, "\"" + path.native() + "\"");
        const ScopeExit forget([&]() noexcept { ::explicit_bzero(pem.data(), pem.size()); });
        return in_context("\"" + path.native() + "\"", [&] { return PrivateKey::from_pem(pem); });
    });
}

PrivateKey write_key_file(const std::filesystem::path& path)
{
    return in_context("make a signing key", [&] {
        PrivateKey key = PrivateKey::generate();
        std::string pem = key.pem();
        const ScopeExit forget([&]() noexcept { ::explicit_bzero(pem.data(), pem.size()); });
        const UniqueFd file = open_file(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
        ScopeExit remove([&]() noexcept { ::unlink(path.c_str()); });
        write_all(file.get(), pem);
        if (::fsync(file.get()) != 0) throw SysError(errno, "fsync \"" + path.native() + "\"");
        remove.dismiss();
        return key;
    });
}

} // namespace caisson::attest

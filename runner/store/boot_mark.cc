#include "runner/store/boot_mark.hh"

#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/xattr.h>
#include <unistd.h>
#include <vector>

namespace caisson::runner {
namespace {

constexpr const char* kAttribute = "user.caisson.boot";

std::string read_boot_id()
{
    std::string id = read_file("/proc/sys/kernel/random/boot_id", 64);
    while (!id.empty() && id.back() == '\n')
        id.pop_back();
    return id;
}

} // namespace

attest::Digest digest_of_file(int file)
{
    attest::Sha256 hash;
    std::vector<char> chunk(1U << 20);
    off_t at = 0;
    for (;;) {
        const ssize_t got = ::pread(file, chunk.data(), chunk.size(), at);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) throw SysError(errno, "read a blob of the store");
        if (got == 0) return std::move(hash).finish();
        hash.update({chunk.data(), static_cast<std::size_t>(got)});
        at += got;
    }
}

BootMark::BootMark()
    : boot_(read_boot_id())
{}

void BootMark::set(int blob, const attest::Digest& digest)
{
    // ENOTSUP: no user attributes here; ENOSPC: the inode is full of them. Both only cost time.
    if (::fsetxattr(blob, kAttribute, boot_.data(), boot_.size(), 0) == 0) return;
    const std::lock_guard lock(mutex_);
    checked_.insert(digest);
}

bool BootMark::holds(int blob, const attest::Digest& digest)
{
    if (is_set(blob, digest)) return true;
    if (digest_of_file(blob) != digest) return false;
    set(blob, digest);
    return true;
}

bool BootMark::is_set(int blob, const attest::Digest& digest)
{
    std::array<char, 64> value = {};
    const ssize_t size = ::fgetxattr(blob, kAttribute, value.data(), value.size());
    if (size >= 0) return std::string_view(value.data(), static_cast<std::size_t>(size)) == boot_;
    const std::lock_guard lock(mutex_);
    return checked_.contains(digest);
}

} // namespace caisson::runner

#pragma once

#include "sandbox/base/unique_fd.hh"

#include <cstdint>
#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <optional>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <sys/types.h>
#include <vector>

/// One system call a function: its name, its argument order, an owner where it makes a descriptor;
/// a SysError that names the call and its path where it is refused. No policy, no defaults but
/// O_CLOEXEC. Names are taken relative to an open directory.
namespace caisson::sandbox::sys {

/// openat2(2). `resolve`: RESOLVE_… flags of <linux/openat2.h>.
[[nodiscard]] UniqueFd
openat2(int directory, const std::string& name, int flags, std::uint64_t resolve, mode_t mode = 0);
/// The same, but nothing where there is no such entry (ENOENT), or a component of the way is no
/// directory (ENOTDIR).
[[nodiscard]] std::optional<UniqueFd>
openat2_if_present(int directory, const std::string& name, int flags, std::uint64_t resolve);
/// openat(2) with O_CREAT | O_EXCL | O_NOFOLLOW: nothing where the name is taken.
[[nodiscard]] std::optional<UniqueFd>
create_file(int directory, const std::string& name, mode_t mode);

/// False where the name is taken (EEXIST); so for the next three.
bool mkdirat(int directory, const std::string& name, mode_t mode);
bool symlinkat(const std::string& target, int directory, const std::string& name);
bool mknodat(int directory, const std::string& name, mode_t mode, dev_t device);
/// Links the entry itself, not what a symbolic link points to.
bool linkat(int old_directory, const std::string& old_name, int directory, const std::string& name);
void unlinkat(int directory, const std::string& name, int flags);

[[nodiscard]] struct stat fstat(int fd);
/// Of the entry itself; nothing where there is none.
[[nodiscard]] std::optional<struct stat> fstatat(int directory, const std::string& name);
[[nodiscard]] std::string readlinkat(int directory, const std::string& name);

void fchown(int fd, uid_t user, gid_t group);
/// Of the entry itself, never of a link's target.
void fchownat(int directory, const std::string& name, uid_t user, gid_t group);
void fchmod(int fd, mode_t mode);
/// Follows a link: for entries known to be none.
void fchmodat(int directory, const std::string& name, mode_t mode);
/// Sets the modification time and leaves the access time.
void futimens(int fd, const timespec& modified);
/// Of the entry itself.
void utimensat(int directory, const std::string& name, const timespec& modified);

void ftruncate(int fd, std::uint64_t size);
void pwrite(int fd, std::string_view bytes, std::uint64_t offset);
/// Copies exactly `size` bytes of `input`, from its position on, to `output`; a shorter file is an
/// Error.
void sendfile(int output, int input, std::uint64_t size);

void fsetxattr(int fd, const std::string& name, std::string_view value);
[[nodiscard]] std::string fgetxattr(int fd, const std::string& name);
/// Sorted; empty where the file system has none.
[[nodiscard]] std::vector<std::string> flistxattr(int fd);

/// One entry of a directory. `type`: DT_…, as getdents64(2) tells it.
struct DirectoryEntry {
    std::string name;
    unsigned char type = 0;
};
/// All entries but `.` and `..`, sorted by the bytes of their names. `fd` is read from its start.
[[nodiscard]] std::vector<DirectoryEntry> read_directory(int fd);
/// The same; nothing where the directory was removed (ENOENT), its process has ended (ESRCH), or it
/// is closed to us.
[[nodiscard]] std::optional<std::vector<DirectoryEntry>> read_directory_if_present(int fd);

/// A name for messages: in quotes, control characters and bytes that are no ASCII escaped, so that
/// a hostile name cannot speak to a terminal.
[[nodiscard]] std::string quoted(std::string_view name);

} // namespace caisson::sandbox::sys

#include "runner/store/directory.hh"

#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"

#include <array>
#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <sys/random.h>
#include <sys/stat.h>

namespace caisson::runner {

UniqueFd open_directory(int parent, const std::string& name)
{
    return open_file_at(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
}

UniqueFd make_directory(int parent, const std::string& name, mode_t mode)
{
    if (::mkdirat(parent, name.c_str(), mode) == 0) {
        if (::fchmodat(parent, name.c_str(), mode, 0) != 0)
            throw SysError(errno, "chmod \"" + name + "\"");
    } else if (errno != EEXIST) {
        throw SysError(errno, "mkdir \"" + name + "\"");
    }
    return open_directory(parent, name);
}

std::vector<std::string> names_in(int directory)
{
    // a descriptor of its own: closedir(3) closes it, and a shared position would be moved
    UniqueFd own = open_file_at(directory, ".", O_RDONLY | O_DIRECTORY);
    struct Close {
        void operator()(DIR* stream) const noexcept { ::closedir(stream); }
    };
    const std::unique_ptr<DIR, Close> stream(::fdopendir(own.get()));
    if (!stream) throw SysError(errno, "fdopendir");
    (void)own.release();

    std::vector<std::string> names;
    for (;;) {
        errno = 0;
        const dirent* entry = ::readdir(stream.get());
        if (entry == nullptr && errno != 0) throw SysError(errno, "readdir");
        if (entry == nullptr) return names;
        if (std::strcmp(entry->d_name, ".") != 0 && std::strcmp(entry->d_name, "..") != 0)
            names.emplace_back(entry->d_name);
    }
}

void remove_beneath(int directory, const std::string& name)
{
    if (::unlinkat(directory, name.c_str(), 0) == 0 || errno == ENOENT) return;
    // EISDIR on Linux, EPERM by POSIX
    if (errno != EISDIR && errno != EPERM) throw SysError(errno, "remove \"" + name + "\"");
    {
        const UniqueFd inside = open_directory(directory, name);
        for (const std::string& each : names_in(inside.get()))
            remove_beneath(inside.get(), each);
    }
    if (::unlinkat(directory, name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT)
        throw SysError(errno, "remove \"" + name + "\"");
}

std::string random_hex(std::size_t bytes)
{
    static constexpr std::string_view kDigits = "0123456789abcdef";
    std::array<unsigned char, 32> buffer = {};
    std::string text;
    // up to 256 bytes getrandom(2) neither blocks nor falls short once the system is up
    if (bytes > buffer.size() ||
        ::getrandom(buffer.data(), bytes, 0) != static_cast<ssize_t>(bytes))
        throw SysError(errno, "getrandom");
    for (std::size_t at = 0; at < bytes; ++at) {
        text += kDigits[buffer[at] >> 4U];
        text += kDigits[buffer[at] & 0xfU];
    }
    return text;
}

} // namespace caisson::runner

#include "tests/support/cpio.hh"

#include <array>
#include <cstdio>
#include <sys/stat.h>

namespace caisson::testing {
namespace {

constexpr std::size_t kAlignment = 4;

void pad(std::string& bytes)
{
    bytes.resize((bytes.size() + kAlignment - 1) / kAlignment * kAlignment, '\0');
}

} // namespace

void CpioArchive::add_file(const std::string& path, std::string_view content, mode_t mode)
{
    add_directory(path.substr(0, path.rfind('/')));
    add(path, S_IFREG | mode, content);
}

void CpioArchive::add_link(const std::string& path, const std::string& target)
{
    add_directory(path.substr(0, path.rfind('/')));
    add(path, S_IFLNK | 0777, target);
}

void CpioArchive::add_directory(const std::string& path)
{
    if (path.empty() || has(path)) return;
    add_directory(path.substr(0, path.rfind('/')));
    add(path, S_IFDIR | 0755, {});
}

bool CpioArchive::has(const std::string& path) const
{
    return names_.find("\n" + path + "\n") != std::string::npos;
}

void CpioArchive::add(const std::string& path, mode_t mode, std::string_view content)
{
    names_ += path + "\n";
    const std::string name = path.front() == '/' ? path.substr(1) : path;
    // magic, inode, mode, user, group, links, time, size, four device numbers, length of the name,
    // checksum
    std::array<char, 111> header = {};
    (void)std::snprintf(header.data(),
                        header.size(),
                        "070701%08X%08X%08X%08X%08X%08X%08zX%08X%08X%08X%08X%08zX%08X",
                        next_inode_++,
                        mode,
                        0U,
                        0U,
                        1U,
                        0U,
                        content.size(),
                        0U,
                        0U,
                        0U,
                        0U,
                        name.size() + 1,
                        0U);
    bytes_ += header.data();
    bytes_ += name;
    bytes_ += '\0';
    pad(bytes_);
    bytes_ += content;
    pad(bytes_);
}

std::string CpioArchive::finish() &&
{
    add("TRAILER!!!", 0, {});
    return std::move(bytes_);
}

} // namespace caisson::testing

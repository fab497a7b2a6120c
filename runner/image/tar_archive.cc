#include "runner/image/tar_archive.hh"

#include "sandbox/base/error.hh"

#include <algorithm>
#include <array>
#include <cstddef>

namespace caisson::runner {
namespace {

constexpr std::size_t kBlock = 512;
using Block = std::array<char, kBlock>;

/// POSIX ustar: octal digits, then a NUL.
void put_octal(Block& block, std::size_t at, std::size_t width, std::uint64_t value)
{
    for (std::size_t digit = width - 1; digit-- > 0; value >>= 3U)
        block[at + digit] = static_cast<char>('0' + (value & 7U));
}

/// Above 8 GiB a size does not fit 11 octal digits: base 256 with the top bit set, as GNU and Go
/// read it.
void put_size(Block& block, std::uint64_t size)
{
    constexpr std::size_t kAt = 124;
    constexpr std::size_t kWidth = 12;
    if (size < std::uint64_t{1} << 33U) return put_octal(block, kAt, kWidth, size);
    for (std::size_t digit = kWidth; digit-- > 1; size >>= 8U)
        block[kAt + digit] = static_cast<char>(size & 0xffU);
    block[kAt] = static_cast<char>(0x80);
}

void put_text(Block& block, std::size_t at, std::string_view text)
{
    std::ranges::copy(text, block.begin() + static_cast<std::ptrdiff_t>(at));
}

} // namespace

void TarArchive::header(const std::string& name, char type, std::uint64_t size)
{
    if (name.size() > 100)
        throw Error(ErrorKind::kInternal, "\"" + name + "\" is too long for a tar header");
    Block block = {};
    put_text(block, 0, name);
    put_octal(block, 100, 8, type == '5' ? 0755 : 0644);
    put_octal(block, 108, 8, 0); // owner
    put_octal(block, 116, 8, 0); // group
    put_size(block, size);
    put_octal(block, 136, 12, 0); // time
    put_text(block, 148, "        ");
    block[156] = type;
    put_text(block,
             257,
             std::string_view("ustar\0"
                              "00",
                              8));
    unsigned sum = 0;
    for (const char byte : block)
        sum += static_cast<unsigned char>(byte);
    put_octal(block, 148, 7, sum); // six digits, a NUL, and the space that is there
    sink_({block.data(), block.size()});
}

void TarArchive::add_directory(const std::string& name)
{
    header(name, '5', 0);
}

void TarArchive::add_file(const std::string& name, std::string_view content)
{
    begin_file(name, content.size());
    write(content);
}

void TarArchive::begin_file(const std::string& name, std::uint64_t size)
{
    header(name, '0', size);
    left_ = size;
    size_ = size;
}

void TarArchive::write(std::string_view bytes)
{
    if (bytes.size() > left_)
        throw Error(ErrorKind::kInternal, "more bytes for a tar entry than its header says");
    if (bytes.empty()) return;
    sink_(bytes);
    left_ -= bytes.size();
    static constexpr Block kZeros = {};
    if (left_ == 0 && size_ % kBlock != 0) sink_({kZeros.data(), kBlock - size_ % kBlock});
}

void TarArchive::finish()
{
    static constexpr std::array<char, 2 * kBlock> kEnd = {};
    sink_({kEnd.data(), kEnd.size()});
}

} // namespace caisson::runner

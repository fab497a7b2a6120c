#include "runner/job/context.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"

#include <algorithm>
#include <cstring>

namespace caisson::runner {
namespace {

constexpr std::size_t kBlock = 512;
constexpr std::size_t kFlushAt = std::size_t{128} << 10U;
/// What eleven octal digits hold.
constexpr std::uint64_t kLargestNumber = (std::uint64_t{1} << 33U) - 1;

/// POSIX ustar (pax(1), "ustar Interchange Format").
struct Header {
    char name[100];
    char mode[8];
    char uid[8];
    char gid[8];
    char size[12];
    char mtime[12];
    char checksum[8];
    char type;
    char linkname[100];
    char magic[6];
    char version[2];
    char uname[32];
    char gname[32];
    char devmajor[8];
    char devminor[8];
    char prefix[155];
    char padding[12];
};
static_assert(sizeof(Header) == kBlock);

/// Zero-filled octal digits and a NUL.
template<std::size_t kSize>
void put_octal(char (&field)[kSize], std::uint64_t value)
{
    field[kSize - 1] = '\0';
    for (std::size_t at = kSize - 1; at-- > 0; value >>= 3U)
        field[at] = static_cast<char>('0' + (value & 7U));
}

template<std::size_t kSize>
void put_text(char (&field)[kSize], std::string_view text)
{
    std::copy_n(text.begin(), std::min(text.size(), kSize), field);
}

std::string_view finish_header(Header& header)
{
    std::memcpy(header.magic, "ustar", 6);
    std::memcpy(header.version, "00", 2);
    std::memset(header.checksum, ' ', sizeof header.checksum);
    const auto* bytes = reinterpret_cast<const unsigned char*>(&header);
    std::uint64_t sum = 0;
    for (std::size_t at = 0; at < kBlock; ++at)
        sum += bytes[at];
    char digits[7];
    put_octal(digits, sum);
    std::memcpy(header.checksum, digits, sizeof digits);
    return {reinterpret_cast<const char*>(&header), kBlock};
}

/// "length key=value\n", where the length counts itself.
std::string pax_record(std::string_view key, std::string_view value)
{
    const std::size_t rest = key.size() + value.size() + 3;
    std::size_t length = rest + 1;
    while (std::to_string(length).size() + rest != length)
        length = std::to_string(length).size() + rest;
    return std::to_string(length) + " " + std::string(key) + "=" + std::string(value) + "\n";
}

bool is_ascii(std::string_view text)
{
    return std::all_of(text.begin(), text.end(), [](char byte) {
        return static_cast<unsigned char>(byte) < 0x80;
    });
}

/// What must follow `size` bytes to fill their last block.
std::size_t padding_after(std::uint64_t size)
{
    return static_cast<std::size_t>((kBlock - size % kBlock) % kBlock);
}

} // namespace

void TarWriter::header(char type,
                       std::string_view name,
                       std::string_view link,
                       std::uint32_t mode,
                       std::uint64_t size,
                       std::int64_t modified)
{
    Header block{};
    std::string pax;
    if (name.size() > sizeof block.name) pax += pax_record("path", name);
    if (link.size() > sizeof block.linkname) pax += pax_record("linkpath", link);
    // pax values are UTF-8 unless this says otherwise, and readers would convert them
    if (!pax.empty() && !(is_ascii(name) && is_ascii(link)))
        pax.insert(0, pax_record("hdrcharset", "BINARY"));
    if (size > kLargestNumber) pax += pax_record("size", std::to_string(size));
    const bool odd_time = modified < 0 || static_cast<std::uint64_t>(modified) > kLargestNumber;
    if (odd_time) pax += pax_record("mtime", std::to_string(modified));
    if (!pax.empty()) {
        Header extended{};
        put_text(extended.name, "PaxHeaders/entry");
        put_octal(extended.mode, 0644);
        put_octal(extended.uid, 0);
        put_octal(extended.gid, 0);
        put_octal(extended.size, pax.size());
        put_octal(extended.mtime, 0);
        extended.type = 'x';
        buffer_ += finish_header(extended);
        buffer_ += pax;
        buffer_.append(padding_after(pax.size()), '\0');
    }

    put_text(block.name, name);
    put_text(block.linkname, link);
    put_octal(block.mode, mode);
    put_octal(block.uid, 0);
    put_octal(block.gid, 0);
    put_octal(block.size, size > kLargestNumber ? 0 : size);
    put_octal(block.mtime, odd_time ? 0 : static_cast<std::uint64_t>(modified));
    block.type = type;
    buffer_ += finish_header(block);
    if (buffer_.size() >= kFlushAt) flush();
}

void TarWriter::add_directory(std::string_view name, std::uint32_t mode, std::int64_t modified)
{
    std::string with_slash(name);
    if (!with_slash.ends_with('/')) with_slash += '/';
    header('5', with_slash, {}, mode, 0, modified);
}

void TarWriter::add_link(std::string_view name, std::string_view target, std::int64_t modified)
{
    header('2', name, target, 0777, 0, modified);
}

void TarWriter::begin_file(std::string_view name,
                           std::uint32_t mode,
                           std::uint64_t size,
                           std::int64_t modified)
{
    header('0', name, {}, mode, size, modified);
    size_ = left_ = size;
}

void TarWriter::write(std::string_view bytes)
{
    if (bytes.size() > left_)
        throw Error(ErrorKind::kInternal, "tar: more content than its header says");
    left_ -= bytes.size();
    if (bytes.size() >= kFlushAt) {
        flush();
        write_all(output_, bytes);
        return;
    }
    buffer_ += bytes;
    if (buffer_.size() >= kFlushAt) flush();
}

void TarWriter::end_file()
{
    if (left_ != 0) throw Error(ErrorKind::kInternal, "tar: less content than its header says");
    buffer_.append(padding_after(size_), '\0');
}

void TarWriter::finish()
{
    buffer_.append(2 * kBlock, '\0');
    flush();
}

void TarWriter::flush()
{
    write_all(output_, buffer_);
    buffer_.clear();
}

} // namespace caisson::runner

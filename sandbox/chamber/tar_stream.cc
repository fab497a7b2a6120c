#include "sandbox/chamber/tar_stream.hh"

#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/sys/path.hh"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <unistd.h>

namespace caisson::sandbox {
namespace {

constexpr std::size_t kBlock = 512;
constexpr std::size_t kBuffer = 1U << 20;
constexpr std::uint64_t kInline = 128UL * 1024;    // a larger file goes past the buffer
constexpr std::int64_t kMaxOctal11 = 077777777777; // 11 octal digits: size, mtime
constexpr std::size_t kNameField = 100;

/// The header block of POSIX.1-2001, pax(1).
struct Header {
    std::array<char, 100> name = {};
    std::array<char, 8> mode = {};
    std::array<char, 8> user = {};
    std::array<char, 8> group = {};
    std::array<char, 12> size = {};
    std::array<char, 12> modified = {};
    std::array<char, 8> checksum = {' ', ' ', ' ', ' ', ' ', ' ', ' ', ' '};
    char type = 0;
    std::array<char, 100> link = {};
    std::array<char, 6> magic = {'u', 's', 't', 'a', 'r', '\0'};
    std::array<char, 2> version = {'0', '0'};
    std::array<char, 32> user_name = {};
    std::array<char, 32> group_name = {};
    std::array<char, 8> device_major = {'0', '0', '0', '0', '0', '0', '0', '\0'};
    std::array<char, 8> device_minor = {'0', '0', '0', '0', '0', '0', '0', '\0'};
    std::array<char, 155> prefix = {};
    std::array<char, 12> unused = {};
};
static_assert(sizeof(Header) == kBlock);

template<std::size_t Size>
void put_octal(std::array<char, Size>& field, std::uint64_t value)
{
    for (std::size_t digit = Size - 1; digit-- > 0; value >>= 3U)
        field[digit] = static_cast<char>('0' + (value & 7U));
    field[Size - 1] = '\0';
}

template<std::size_t Size>
void put_text(std::array<char, Size>& field, std::string_view text)
{
    std::memcpy(field.data(), text.data(), std::min(text.size(), Size));
}

/// `LENGTH KEY=VALUE\n`, where the length counts its own digits.
void add_record(std::string& records, std::string_view key, std::string_view value)
{
    const std::size_t rest = key.size() + value.size() + 3; // ' ', '=', '\n'
    std::size_t length = rest;
    while (rest + std::to_string(length).size() != length)
        length = rest + std::to_string(length).size();
    records += std::to_string(length) + ' ';
    records.append(key).append("=").append(value).append("\n");
}

bool is_utf8(std::string_view text)
{
    std::size_t at = 0;
    while (at < text.size()) {
        const auto byte = static_cast<unsigned char>(text[at++]);
        const int more = byte < 0x80    ? 0
                         : byte >= 0xf0 ? 3
                         : byte >= 0xe0 ? 2
                         : byte >= 0xc2 ? 1
                                        : -1;
        if (more < 0 || byte > 0xf4) return false;
        for (int index = 0; index < more; ++index)
            if (at == text.size() || (static_cast<unsigned char>(text[at++]) & 0xc0U) != 0x80)
                return false;
    }
    return true;
}

/// What the fields of a header cannot hold.
std::string extended_records(const TarEntry& entry, std::string_view name)
{
    std::string records;
    const bool long_name = name.size() > kNameField;
    const bool long_link = entry.link.size() > kNameField;
    // values are UTF-8 unless this record, which must come first, says otherwise
    if ((long_name && !is_utf8(name)) || (long_link && !is_utf8(entry.link)))
        add_record(records, "hdrcharset", "BINARY");
    if (long_name) add_record(records, "path", name);
    if (long_link) add_record(records, "linkpath", entry.link);
    if (entry.size > static_cast<std::uint64_t>(kMaxOctal11))
        add_record(records, "size", std::to_string(entry.size));
    if (entry.modified < 0 || entry.modified > kMaxOctal11)
        add_record(records, "mtime", std::to_string(entry.modified));
    for (const auto& [key, value] : entry.attributes)
        add_record(records, "SCHILY.xattr." + key, value);
    return records;
}

} // namespace

TarStream::TarStream(int output)
    : output_(output)
{
    buffer_.reserve(kBuffer + 2 * kInline);
}

void TarStream::add(const TarEntry& entry)
{
    std::string name = entry.path;
    if (entry.kind == TarEntry::Kind::kDirectory) name += '/';
    const std::string records = extended_records(entry, name);
    if (!records.empty()) add_extended_header(records);
    const std::uint64_t size = entry.kind == TarEntry::Kind::kFile ? entry.size : 0;
    add_header(entry, static_cast<char>(entry.kind), name, size);
}

void TarStream::add_extended_header(const std::string& records)
{
    const TarEntry extended = {.mode = 0644};
    add_header(extended, 'x', "PaxHeaders/entry", records.size());
    buffer_ += records;
    pad(records.size());
}

void TarStream::add_header(const TarEntry& entry,
                           char type,
                           std::string_view name,
                           std::uint64_t size)
{
    if (buffer_.size() >= kBuffer) flush();
    const bool fits = size <= static_cast<std::uint64_t>(kMaxOctal11);
    const bool dated = entry.modified >= 0 && entry.modified <= kMaxOctal11;
    Header header;
    put_text(header.name, name);
    put_octal(header.mode, entry.mode);
    put_octal(header.user, entry.user);
    put_octal(header.group, entry.group);
    put_octal(header.size, fits ? size : 0);
    put_octal(header.modified, dated ? static_cast<std::uint64_t>(entry.modified) : 0);
    header.type = type;
    put_text(header.link, entry.link);

    std::array<char, kBlock> block = {};
    std::memcpy(block.data(), &header, sizeof header);
    std::uint64_t sum = 0;
    for (const char byte : block)
        sum += static_cast<unsigned char>(byte);
    std::array<char, 7> digits = {};
    put_octal(digits, sum); // six digits, NUL, and the space that is there already
    std::memcpy(block.data() + offsetof(Header, checksum), digits.data(), digits.size());
    buffer_.append(block.data(), block.size());
}

void TarStream::copy_content(int file, std::uint64_t size)
{
    if (size > kInline) {
        flush();
        sys::sendfile(output_, file, size);
    } else {
        const std::size_t start = buffer_.size();
        buffer_.resize(start + size);
        for (std::size_t at = start; at < buffer_.size();) {
            const ssize_t got = ::read(file, buffer_.data() + at, buffer_.size() - at);
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) throw SysError(errno, "read");
            if (got == 0) throw Error(ErrorKind::kInput, "a file became shorter while it was read");
            at += static_cast<std::size_t>(got);
        }
    }
    pad(size);
}

void TarStream::pad(std::uint64_t size)
{
    buffer_.append((kBlock - size % kBlock) % kBlock, '\0');
}

void TarStream::finish()
{
    buffer_.append(2 * kBlock, '\0');
    flush();
}

void TarStream::flush()
{
    write_all(output_, buffer_);
    buffer_.clear();
}

} // namespace caisson::sandbox

#include "tests/support/tar_builder.hh"

#include <cstdio>
#include <cstring>
#include <zlib.h>
#include <zstd.h>

namespace caisson::sandbox::testing {
namespace {

std::string block_of(const RawEntry& entry, std::uint64_t size)
{
    std::string block(512, '\0');
    const auto text = [&](std::size_t at, const std::string& value, std::size_t width) {
        std::memcpy(block.data() + at, value.data(), std::min(value.size(), width));
    };
    const auto octal = [&](std::size_t at, std::uint64_t value, int width) {
        char digits[32] = {};
        (void)std::snprintf(
            digits, sizeof digits, "%0*lo", width, static_cast<unsigned long>(value));
        text(at, digits, static_cast<std::size_t>(width));
    };
    text(0, entry.name, 100);
    octal(100, entry.mode, 7);
    octal(108, entry.user, 7);
    octal(116, entry.group, 7);
    octal(124, size, 11);
    octal(136, static_cast<std::uint64_t>(entry.modified < 0 ? 0 : entry.modified), 11);
    text(148, "        ", 8);
    block[156] = entry.type;
    text(157, entry.link, 100);
    text(257,
         std::string("ustar\0"
                     "00",
                     8),
         8);
    text(329, entry.device, 8);
    unsigned sum = 0;
    for (const char byte : block)
        sum += static_cast<unsigned char>(byte);
    octal(148, sum, 6);
    block[154] = '\0';
    return block;
}

std::string padded(std::string bytes)
{
    bytes.append((512 - bytes.size() % 512) % 512, '\0');
    return bytes;
}

std::string record(const std::string& key, const std::string& value)
{
    const std::string rest = " " + key + "=" + value + "\n";
    std::size_t length = rest.size() + 1;
    while (std::to_string(length).size() + rest.size() != length)
        ++length;
    return std::to_string(length) + rest;
}

} // namespace

TarBuilder& TarBuilder::add(const RawEntry& entry)
{
    if (!entry.records.empty()) {
        std::string records;
        for (const auto& [key, value] : entry.records)
            records += record(key, value);
        bytes_ += block_of({.name = "PaxHeaders/x", .type = 'x'}, records.size());
        bytes_ += padded(records);
    }
    const std::uint64_t size = entry.claimed_size < 0
                                   ? entry.content.size()
                                   : static_cast<std::uint64_t>(entry.claimed_size);
    bytes_ += block_of(entry, size);
    bytes_ += padded(entry.content);
    return *this;
}

TarBuilder& TarBuilder::file(const std::string& name, const std::string& content)
{
    return add({.name = name, .content = content});
}

TarBuilder& TarBuilder::directory(const std::string& name, std::uint64_t mode)
{
    return add({.name = name, .type = '5', .mode = mode});
}

TarBuilder& TarBuilder::link(const std::string& name, const std::string& target)
{
    return add({.name = name, .type = '2', .link = target, .mode = 0777});
}

TarBuilder& TarBuilder::hard_link(const std::string& name, const std::string& target)
{
    return add({.name = name, .type = '1', .link = target});
}

TarBuilder& TarBuilder::raw(const std::string& bytes)
{
    bytes_ += bytes;
    return *this;
}

std::string TarBuilder::finish() const
{
    return bytes_ + std::string(1024, '\0');
}

std::string gzipped(const std::string& bytes)
{
    z_stream stream = {};
    deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
    std::string packed(deflateBound(&stream, bytes.size()), '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream.avail_in = static_cast<uInt>(bytes.size());
    stream.next_out = reinterpret_cast<Bytef*>(packed.data());
    stream.avail_out = static_cast<uInt>(packed.size());
    deflate(&stream, Z_FINISH);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    return packed;
}

std::string zstd_compressed(const std::string& bytes)
{
    std::string packed(ZSTD_compressBound(bytes.size()), '\0');
    packed.resize(ZSTD_compress(packed.data(), packed.size(), bytes.data(), bytes.size(), 3));
    return packed;
}

} // namespace caisson::sandbox::testing

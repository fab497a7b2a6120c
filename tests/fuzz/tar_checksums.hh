#pragma once

#include <cstdio>
#include <string>

namespace caisson::fuzz {

/// A changed header would fail at its checksum and nowhere else: every block that says "ustar" gets
/// a right one.
[[nodiscard]] inline std::string with_checksums(std::string bytes)
{
    for (std::size_t block = 0; block + 512 <= bytes.size(); block += 512) {
        if (bytes.compare(block + 257, 5, "ustar") != 0) continue;
        bytes.replace(block + 148, 8, 8, ' ');
        unsigned sum = 0;
        for (std::size_t at = block; at < block + 512; ++at)
            sum += static_cast<unsigned char>(bytes[at]);
        char digits[8] = {};
        std::snprintf(digits, sizeof digits, "%06o", sum);
        bytes.replace(block + 148, 7, digits, 7);
    }
    return bytes;
}

} // namespace caisson::fuzz

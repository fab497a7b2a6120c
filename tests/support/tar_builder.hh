#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace caisson::sandbox::testing {

/// Any header a hostile archive may have, written as it is.
struct RawEntry {
    std::string name;
    char type = '0';
    std::string content = {};
    std::string link = {};
    std::uint64_t mode = 0644;
    std::uint64_t user = 0;
    std::uint64_t group = 0;
    std::int64_t modified = 1'000'000'000;
    std::vector<std::pair<std::string, std::string>> records = {}; ///< a pax header before it
    std::int64_t claimed_size = -1; ///< in the header, whatever the content is
    std::string device = {};        ///< major field, octal
};

/// Tar bytes, made with no code of the product.
class TarBuilder {
public:
    TarBuilder& add(const RawEntry& entry);
    TarBuilder& file(const std::string& name, const std::string& content = "x");
    TarBuilder& directory(const std::string& name, std::uint64_t mode = 0755);
    TarBuilder& link(const std::string& name, const std::string& target);
    TarBuilder& hard_link(const std::string& name, const std::string& target);
    TarBuilder& raw(const std::string& bytes);
    [[nodiscard]] std::string finish() const; ///< with the two zero blocks
    [[nodiscard]] const std::string& unfinished() const { return bytes_; }

private:
    std::string bytes_;
};

[[nodiscard]] std::string gzipped(const std::string& bytes);
[[nodiscard]] std::string zstd_compressed(const std::string& bytes);

} // namespace caisson::sandbox::testing

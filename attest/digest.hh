#pragma once

#include <compare>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace caisson::attest {

/// A SHA-256 digest; always 64 lower-case hexadecimal digits.
class Digest {
public:
    Digest() = default; ///< of nothing: empty() until assigned
    /// Reads "sha256:<64 hex>" and nothing else: the text becomes a file name.
    [[nodiscard]] static std::optional<Digest> parse(std::string_view text);
    [[nodiscard]] static Digest
    from_hex(std::string hex); ///< trusted input; throws kInternal otherwise
    [[nodiscard]] static Digest of(std::string_view bytes);

    [[nodiscard]] bool empty() const noexcept { return hex_.empty(); }
    [[nodiscard]] const std::string& hex() const noexcept { return hex_; }
    [[nodiscard]] std::string text() const { return "sha256:" + hex_; }
    auto operator<=>(const Digest&) const = default;

private:
    std::string hex_;
};

/// SHA-256 as the bytes come.
class Sha256 {
public:
    Sha256();
    Sha256(Sha256&&) noexcept;
    Sha256& operator=(Sha256&&) noexcept;
    ~Sha256();
    void update(std::string_view bytes);
    [[nodiscard]] Digest finish() &&; ///< consumes it

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace caisson::attest

#include "runner/store/directory.hh"
#include "runner/store/state.hh"
#include "runner/store/store.hh"
#include "sandbox/base/error.hh"
#include "sandbox/base/file.hh"
#include "sandbox/base/text.hh"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <unistd.h>

namespace caisson::runner {
namespace {

/// Out of everybody's way, but not gone: someone may want to know what became of it.
void quarantine(int root, const UniqueFd& place, const std::string& name, const std::string& kind)
{
    const UniqueFd directory = make_directory(root, "quarantine", 0700);
    const std::string kept = kind + "-" + name;
    if (::renameat(place.get(), name.c_str(), directory.get(), kept.c_str()) != 0 &&
        errno != ENOENT)
        throw SysError(errno, "move \"" + name + "\" into quarantine");
}

} // namespace

std::vector<std::string> Store::verify()
{
    std::vector<std::string> damage;
    const int root = state_->directory.get();
    for (const std::string& name : names_in(state_->blobs.get())) {
        const auto digest = attest::Digest::parse("sha256:" + name);
        UniqueFd file =
            digest ? open_file_at(state_->blobs.get(), name, O_RDONLY | O_NOFOLLOW) : UniqueFd();
        if (file && digest_of_file(file.get()) == *digest) continue;
        quarantine(root, state_->blobs, name, "blob");
        damage.push_back("blob " + printable(name) + " is damaged");
    }
    for (const auto& [place, kind] : {std::pair(&state_->images, "image"),
                                      std::pair(&state_->steps, "step"),
                                      std::pair(&state_->layers, "layer")})
        for (const std::string& name : names_in(place->get())) {
            if (state_->find_entry(*place, name)) continue;
            quarantine(root, *place, name, kind);
            damage.push_back(std::string(kind) + " entry " + printable(name) + " is damaged");
        }
    for (const attest::Digest& digest : state_->named_blobs(*this))
        if (::faccessat(state_->blobs.get(), digest.hex().c_str(), F_OK, 0) != 0)
            damage.push_back("blob " + digest.text() + " is missing");
    return damage;
}

} // namespace caisson::runner

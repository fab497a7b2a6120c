#include "sandbox/base/error.hh"

#include <cerrno>
#include <system_error>

namespace caisson {
namespace {

ErrorKind kind_of(int number)
{
    switch (number) {
    case ENOENT:
    case ENOTDIR:
    case EISDIR:
    case EEXIST:
    case EACCES:
    case EPERM:
    case ELOOP:
    case ENAMETOOLONG:
    case ENOSPC:
    case EDQUOT:
    case EROFS:
    case EFBIG:
    case EIO:
    case ENXIO:
        return ErrorKind::kInput;
    default:
        return ErrorKind::kInternal;
    }
}

} // namespace

Error::Error(ErrorKind kind, std::string why, std::string hint)
    : kind_(kind)
    , message_(std::move(why))
    , hint_(std::move(hint))
{
    compose();
}

void Error::add_context(std::string_view doing)
{
    message_.insert(0, std::string(doing) + ": ");
    compose();
}

void Error::set_hint(std::string hint)
{
    hint_ = std::move(hint);
    compose();
}

void Error::compose()
{
    whole_ = hint_.empty() ? message_ : message_ + " (hint: " + hint_ + ")";
}

SysError::SysError(int number, const std::string& call, std::string hint)
    : Error(kind_of(number), call + ": " + error_text(number), std::move(hint))
    , number_(number)
{}

std::string error_text(int number)
{
    return std::generic_category().message(number);
}

} // namespace caisson

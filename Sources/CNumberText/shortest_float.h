// Shortest decimal digits of a float.
#ifndef SHORTEST_FLOAT_H
#define SHORTEST_FLOAT_H

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace shortest {

/// `digits * 10^exponent`
struct Decimal {
    uint32_t digits;
    int exponent;
};

/// 10^k for k from -31 to 45, each in the 64 most significant bits of its binary form, rounded up.
constexpr uint64_t powersOfTen[] = {
    0x81ceb32c4b43fcf5, 0xa2425ff75e14fc32, 0xcad2f7f5359a3b3f, 0xfd87b5f28300ca0e,
    0x9e74d1b791e07e49, 0xc612062576589ddb, 0xf79687aed3eec552, 0x9abe14cd44753b53,
    0xc16d9a0095928a28, 0xf1c90080baf72cb2, 0x971da05074da7bef, 0xbce5086492111aeb,
    0xec1e4a7db69561a6, 0x9392ee8e921d5d08, 0xb877aa3236a4b44a, 0xe69594bec44de15c,
    0x901d7cf73ab0acda, 0xb424dc35095cd810, 0xe12e13424bb40e14, 0x8cbccc096f5088cc,
    0xafebff0bcb24aaff, 0xdbe6fecebdedd5bf, 0x89705f4136b4a598, 0xabcc77118461cefd,
    0xd6bf94d5e57a42bd, 0x8637bd05af6c69b6, 0xa7c5ac471b478424, 0xd1b71758e219652c,
    0x83126e978d4fdf3c, 0xa3d70a3d70a3d70b, 0xcccccccccccccccd, 0x8000000000000000,
    0xa000000000000000, 0xc800000000000000, 0xfa00000000000000, 0x9c40000000000000,
    0xc350000000000000, 0xf424000000000000, 0x9896800000000000, 0xbebc200000000000,
    0xee6b280000000000, 0x9502f90000000000, 0xba43b74000000000, 0xe8d4a51000000000,
    0x9184e72a00000000, 0xb5e620f480000000, 0xe35fa931a0000000, 0x8e1bc9bf04000000,
    0xb1a2bc2ec5000000, 0xde0b6b3a76400000, 0x8ac7230489e80000, 0xad78ebc5ac620000,
    0xd8d726b7177a8000, 0x878678326eac9000, 0xa968163f0a57b400, 0xd3c21bcecceda100,
    0x84595161401484a0, 0xa56fa5b99019a5c8, 0xcecb8f27f4200f3a, 0x813f3978f8940985,
    0xa18f07d736b90be6, 0xc9f2c9cd04674edf, 0xfc6f7c4045812297, 0x9dc5ada82b70b59e,
    0xc5371912364ce306, 0xf684df56c3e01bc7, 0x9a130b963a6c115d, 0xc097ce7bc90715b4,
    0xf0bdc21abb48db21, 0x96769950b50d88f5, 0xbc143fa4e250eb32, 0xeb194f8e1ae525fe,
    0x92efd1b8d0cf37bf, 0xb7abc627050305ae, 0xe596b7b0c643c71a, 0x8f7e32ce7bea5c70,
    0xb35dbf821ae4f38c,
};
constexpr int firstPower = -31;

/// The upper bits of a product whose exact value lies just below; its last bit says whether anything was cut off.
inline uint32_t roundToOdd(uint64_t power, uint32_t value) {
    uint64_t low = (power & 0xffffffff) * value;
    uint64_t sum = (power >> 32) * value + (low >> 32);
    return static_cast<uint32_t>(sum >> 32) | (static_cast<uint32_t>(sum) > 1);
}

/// The decimal of fewest digits that reads back as `value`, and of those the nearest to it (R. Giulietti, "The Schubfach
/// way to render doubles", 2020, section 9). `value` is positive, finite and not zero.
inline Decimal decimal(float value) {
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    const uint32_t fraction = bits & 0x7fffff;
    const int biased = static_cast<int>(bits >> 23);
    const uint32_t c = biased == 0 ? fraction : fraction | 0x800000;
    const int q = (biased == 0 ? 1 : biased) - 150;
    // What rounds to `value` reaches half a step up and down, but only a quarter down from a power of two.
    const bool isCloserBelow = fraction == 0 && biased > 1;
    const uint32_t isOdd = c & 1;
    // k = floor(log10(2^q)), or of 3/4 of that; h aligns the products below.
    const int k = (q * 1262611 - (isCloserBelow ? 524031 : 0)) >> 22;
    const int h = q + ((-k * 1741647) >> 19) + 1;
    const uint64_t power = powersOfTen[-k - firstPower];
    const uint32_t below = roundToOdd(power, (4 * c - 2 + isCloserBelow) << h);
    const uint32_t middle = roundToOdd(power, (4 * c) << h);
    const uint32_t above = roundToOdd(power, (4 * c + 2) << h);
    // The ends themselves round to even values only.
    const uint32_t lower = below + isOdd, upper = above - isOdd;
    const uint32_t s = middle / 4;
    if (s >= 10) {
        const uint32_t tens = s / 10;
        const bool isFloorInside = lower <= 40 * tens, isCeilingInside = 40 * tens + 40 <= upper;
        if (isFloorInside != isCeilingInside) return {tens + isCeilingInside, k + 1};
    }
    const bool isFloorInside = lower <= 4 * s, isCeilingInside = 4 * s + 4 <= upper;
    if (isFloorInside != isCeilingInside) return {s + isCeilingInside, k};
    const uint32_t half = 4 * s + 2;
    return {s + (middle > half || (middle == half && (s & 1) != 0)), k};
}

constexpr uint32_t tens[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000};

/// How many decimal digits a number other than 0 has.
inline int length(uint32_t number) {
    const int guess = (32 - __builtin_clz(number)) * 1233 >> 12;
    return guess + (number >= tens[guess]);
}

/// The eight digits of a number below 10^8, zeros in front: first two numbers of four digits side by side, then four of two.
inline uint64_t eightDigits(uint32_t number) {
    const uint64_t fours = number / 10000 | static_cast<uint64_t>(number % 10000) << 32;
    const uint64_t hundreds = (fours * 10486 >> 20) & 0x0000007f0000007f;
    const uint64_t twos = hundreds | (fours - 100 * hundreds) << 16;
    const uint64_t tens = (twos * 103 >> 10) & 0x000f000f000f000f;
    return (tens | (twos - 10 * tens) << 8) + 0x3030303030303030;
}

/// Writes a value whose shortest text has no exponent, as `std::to_chars` does; 0 for all others.
///
/// Digits are different each time, so nothing here depends on how many there are but where they are put: all is written in
/// whole words, of which the next one overwrites what is too much. `out` has room for 32 bytes, and all may be written to.
inline size_t write(char *out, float value) {
    // Below 2^24 whole numbers are exact, so zeros may stand for digits that aren't needed.
    const float magnitude = value < 0 ? -value : value;
    if (!(magnitude >= 1e-4f && magnitude < 1e7f)) return 0;
    Decimal number = decimal(magnitude);
    while (number.digits % 10 == 0) {
        number.digits /= 10;
        number.exponent += 1;
    }
    const int count = length(number.digits);
    // The first digit lies lowest. All is kept in registers: what was stored in pieces can't be loaded as a whole at once.
    unsigned __int128 digits = static_cast<unsigned __int128>(eightDigits(number.digits % tens[8])) << 8;
    digits |= '0' + number.digits / tens[8];
    digits >>= 8 * (9 - count);
    // The first digit is worth 10^order.
    const int order = count - 1 + number.exponent;
    // With an exponent it would be shorter.
    const int scientific = count + (count > 1) + 4;
    *out = '-';
    char *start = out + (value < 0);
    if (order < 0) {
        if (1 - order + count > scientific) return 0;
        std::memcpy(start, "0.000000", 8);
        std::memcpy(start + 1 - order, &digits, 16);
        return static_cast<size_t>(start + 1 - order + count - out);
    }
    if (order + 1 > scientific) return 0;
    std::memcpy(start, &digits, 16);
    if (count <= order + 1) {
        std::memset(start + count, '0', 8);
        return static_cast<size_t>(start + order + 1 - out);
    }
    digits >>= 8 * (order + 1);
    std::memcpy(start + order + 2, &digits, 16);
    start[order + 1] = '.';
    return static_cast<size_t>(start + count + 1 - out);
}

} // namespace shortest

#endif

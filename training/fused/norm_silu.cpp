// Group normalisation, scale and shift, and SiLU in one pass over channels-last features, and its gradient.
//
// y = silu(a * x + b) with a and b of each picture and channel; `training/fused/__init__.py` makes a and b of
// the statistics, the affine weights and the time embedding. On a CPU these networks are bound by memory: what
// matters is how often the features are read and written.

#include <torch/extension.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

namespace {

constexpr int64_t PIXELS_AT_ONCE = 512;

struct Floats {
    using Stored = float;
    static inline float read(float value) { return value; }
    static inline float write(float value) { return value; }
};

struct BFloats {
    using Stored = uint16_t;
    static inline float read(uint16_t value) {
        uint32_t bits = static_cast<uint32_t>(value) << 16;
        float result;
        std::memcpy(&result, &bits, 4);
        return result;
    }
    static inline uint16_t write(float value) {  // rounds to the nearest, ties to even
        uint32_t bits;
        std::memcpy(&bits, &value, 4);
        bits += 0x7fff + ((bits >> 16) & 1);
        return static_cast<uint16_t>(bits >> 16);
    }
};

// 1 / (1 + exp(-z)). Bounded, as an infinite exponential would become NaN in the quick arithmetic of -ffast-math:
// one bright pixel in a flat picture is hundreds of deviations away.
inline float sigmoid(float z) { return 1.0f / (1.0f + expf(std::min(-z, 80.0f))); }

// Sum and sum of squares over the pixels of each picture and channel.
template <typename Format>
void add_sums(const typename Format::Stored* x, float* sums, float* squares, int64_t pixels, int64_t channels) {
    for (int64_t pixel = 0; pixel < pixels; ++pixel, x += channels) {
#pragma GCC ivdep
        for (int64_t c = 0; c < channels; ++c) {
            const float value = Format::read(x[c]);
            sums[c] += value;
            squares[c] += value * value;
        }
    }
}

template <typename Format>
void activate(const typename Format::Stored* x, typename Format::Stored* y, const float* a, const float* b,
              int64_t pixels, int64_t channels) {
    for (int64_t pixel = 0; pixel < pixels; ++pixel, x += channels, y += channels) {
#pragma GCC ivdep
        for (int64_t c = 0; c < channels; ++c) {
            const float z = a[c] * Format::read(x[c]) + b[c];
            y[c] = Format::write(z * sigmoid(z));
        }
    }
}

// dz = dy * silu'(z), kept in `dz`; its sums, and its products with x, over the pixels.
template <typename Format>
void add_slopes(const typename Format::Stored* x, const typename Format::Stored* dy, typename Format::Stored* dz,
                const float* a, const float* b, float* sums, float* products, int64_t pixels, int64_t channels) {
    for (int64_t pixel = 0; pixel < pixels; ++pixel, x += channels, dy += channels, dz += channels) {
#pragma GCC ivdep
        for (int64_t c = 0; c < channels; ++c) {
            const float value = Format::read(x[c]);
            const float z = a[c] * value + b[c];
            const float gate = sigmoid(z);
            const float slope = Format::read(dy[c]) * gate * (1.0f + z * (1.0f - gate));
            dz[c] = Format::write(slope);
            sums[c] += slope;
            products[c] += slope * value;
        }
    }
}

// dx = a * dz + q * x + r, in place of dz.
template <typename Format>
void finish(const typename Format::Stored* x, typename Format::Stored* dz, const float* a, const float* q,
            const float* r, int64_t pixels, int64_t channels) {
    for (int64_t pixel = 0; pixel < pixels; ++pixel, x += channels, dz += channels) {
#pragma GCC ivdep
        for (int64_t c = 0; c < channels; ++c) {
            dz[c] = Format::write(a[c] * Format::read(dz[c]) + q[c] * Format::read(x[c]) + r[c]);
        }
    }
}

void check(const torch::Tensor& x) {
    TORCH_CHECK(x.dim() == 4 && x.is_contiguous(at::MemoryFormat::ChannelsLast), "expected channels-last features");
    TORCH_CHECK(x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16, "expected float32 or bfloat16");
}

template <typename Body>
void for_pictures(const torch::Tensor& x, Body body) {
    at::parallel_for(0, x.size(0), 1, [&](int64_t begin, int64_t end) {
        for (int64_t picture = begin; picture < end; ++picture) body(picture);
    });
}

template <typename Format>
typename Format::Stored* data(const torch::Tensor& x, int64_t picture) {
    return static_cast<typename Format::Stored*>(x.data_ptr()) + picture * x.stride(0);
}

float* row(const torch::Tensor& values, int64_t picture) { return values.data_ptr<float>() + picture * values.size(1); }

#define BY_FORMAT(x, ...)                                              \
    if ((x).scalar_type() == at::kFloat) { using Format = Floats; __VA_ARGS__ } \
    else { using Format = BFloats; __VA_ARGS__ }

}  // namespace

std::vector<torch::Tensor> moments(torch::Tensor x) {
    check(x);
    const int64_t pixels = x.size(2) * x.size(3), channels = x.size(1);
    auto sums = torch::zeros({x.size(0), channels}, torch::kDouble);
    auto squares = torch::zeros_like(sums);
    // The variance is a small difference of these, so only some pixels are summed in single precision at a time.
    BY_FORMAT(x, for_pictures(x, [&](int64_t n) {
        std::vector<float> some(2 * channels);
        for (int64_t start = 0; start < pixels; start += PIXELS_AT_ONCE) {
            std::fill(some.begin(), some.end(), 0.0f);
            add_sums<Format>(data<Format>(x, n) + start * channels, some.data(), some.data() + channels,
                             std::min(PIXELS_AT_ONCE, pixels - start), channels);
            for (int64_t c = 0; c < channels; ++c) {
                sums.data_ptr<double>()[n * channels + c] += some[c];
                squares.data_ptr<double>()[n * channels + c] += some[channels + c];
            }
        }
    });)
    return {sums, squares};
}

torch::Tensor forward(torch::Tensor x, torch::Tensor a, torch::Tensor b) {
    check(x);
    auto y = torch::empty_like(x);
    const int64_t pixels = x.size(2) * x.size(3), channels = x.size(1);
    BY_FORMAT(x, for_pictures(x, [&](int64_t n) {
        activate<Format>(data<Format>(x, n), data<Format>(y, n), row(a, n), row(b, n), pixels, channels);
    });)
    return y;
}

std::vector<torch::Tensor> slopes(torch::Tensor x, torch::Tensor dy, torch::Tensor a, torch::Tensor b) {
    check(x);
    check(dy);
    auto dz = torch::empty_like(x);
    auto sums = torch::zeros_like(a), products = torch::zeros_like(a);
    const int64_t pixels = x.size(2) * x.size(3), channels = x.size(1);
    BY_FORMAT(x, for_pictures(x, [&](int64_t n) {
        add_slopes<Format>(data<Format>(x, n), data<Format>(dy, n), data<Format>(dz, n), row(a, n), row(b, n),
                           row(sums, n), row(products, n), pixels, channels);
    });)
    return {dz, sums, products};
}

torch::Tensor backward(torch::Tensor x, torch::Tensor dz, torch::Tensor a, torch::Tensor q, torch::Tensor r) {
    const int64_t pixels = x.size(2) * x.size(3), channels = x.size(1);
    BY_FORMAT(x, for_pictures(x, [&](int64_t n) {
        finish<Format>(data<Format>(x, n), data<Format>(dz, n), row(a, n), row(q, n), row(r, n), pixels, channels);
    });)
    return dz;
}

PYBIND11_MODULE(TORCH_EXTENSION_NAME, module) {
    module.def("moments", &moments);
    module.def("forward", &forward);
    module.def("slopes", &slopes);
    module.def("backward", &backward);
}

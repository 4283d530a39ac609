/* Similarities of fingerprints, many pairs at a time. measures.py says what they are, and has the same without this file.
 *
 * A fingerprint is a row of bytes, the heights of its columns. Two rows a and b share c = sum min(a, b) bits, and
 * 2c = sum a + sum b - sum |a - b|: sums of absolute differences of bytes, for which processors have an instruction.
 * All sums are exact integers, and each similarity is one division: any compiler and processor gives the same bits.
 */
#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__) && defined(__GNUC__)
#define HAVE_AVX2 1
#include <immintrin.h>
#endif

#if defined(__GNUC__)
#define INLINE static inline __attribute__((always_inline))
#else
#define INLINE static inline
#endif

enum { LANE = 32, TILE = 128 };         /* bytes that rows are padded to; rows of B that stay in the first-level cache */
enum { TANIMOTO, DICE, COSINE };

typedef struct {
    const uint8_t *height;              /* (n, width), zero outside the covered columns and in the padding */
    const int32_t *ones;                /* (n, columns + 1) set bits before each column */
    const int32_t *first, *last;        /* (n) covered columns */
    Py_ssize_t n, width, columns;
} Bits;

typedef struct {
    const Bits *bits;
    Py_ssize_t start, n;
    int32_t total[TILE];                /* set bits of each row */
    int uniform;                        /* whether all rows cover the same columns */
} Tile;

static Tile take_tile(const Bits *bits, Py_ssize_t start)
{
    Tile t = {bits, start, bits->n - start < TILE ? bits->n - start : TILE, {0}, 1};
    for (Py_ssize_t j = 0; j < t.n; j++) {
        t.total[j] = bits->ones[(start + j) * (bits->columns + 1) + bits->columns];
        t.uniform &= bits->first[start + j] == bits->first[start] && bits->last[start + j] == bits->last[start];
    }
    return t;
}

/* --- sums of absolute differences of one row with the rows of a tile --- */

INLINE void distances_plain(const uint8_t *a, const uint8_t *b, Py_ssize_t n, Py_ssize_t width, int32_t *l1)
{
    for (Py_ssize_t j = 0; j < n; j++, b += width) {
        int32_t sum = 0;
        for (Py_ssize_t k = 0; k < width; k++)
            sum += abs(a[k] - b[k]);
        l1[j] = sum;
    }
}

#ifdef HAVE_AVX2
#define AVX2 __attribute__((target("avx2")))

AVX2 INLINE __m256i load(const uint8_t *p) { return _mm256_loadu_si256((const __m256i *)p); }

AVX2 INLINE void distances_avx2(const uint8_t *a, const uint8_t *b, Py_ssize_t n, Py_ssize_t width, int32_t *l1)
{
    Py_ssize_t j = 0;
    for (; j + 4 <= n; j += 4, b += 4 * width) {
        __m256i s[4] = {_mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256(), _mm256_setzero_si256()};
        for (Py_ssize_t k = 0; k < width; k += LANE) {
            const __m256i x = load(a + k);
            for (int r = 0; r < 4; r++)
                s[r] = _mm256_add_epi64(s[r], _mm256_sad_epu8(x, load(b + r * width + k)));
        }
        /* Each s holds four partial sums; interleave the four rows, then add the parts. */
        __m256i s01 = _mm256_or_si256(s[0], _mm256_slli_epi64(s[1], 32));
        __m256i s23 = _mm256_or_si256(s[2], _mm256_slli_epi64(s[3], 32));
        __m256i sum = _mm256_add_epi32(_mm256_unpacklo_epi64(s01, s23), _mm256_unpackhi_epi64(s01, s23));
        __m128i rows = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
        _mm_storeu_si128((__m128i *)(l1 + j), rows);
    }
    distances_plain(a, b, n - j, width, l1 + j);
}
#endif

/* --- from distances to similarities --- */

/* Set bits of row i in the columns that it shares with row j of the other side. */
INLINE int32_t cropped(const Bits *x, Py_ssize_t i, const Bits *y, Py_ssize_t j)
{
    const int32_t *ones = x->ones + i * (x->columns + 1);
    int32_t first = x->first[i] > y->first[j] ? x->first[i] : y->first[j];
    int32_t last = x->last[i] < y->last[j] ? x->last[i] : y->last[j];
    return first < last ? ones[last] - ones[first] : 0;
}

INLINE double ratio(double x, double y) { return x / (y + (y == 0)); }    /* 0 where 0/0 */

/* With a and b set bits in the common columns and c2 = 2c. */
INLINE double similarity(int measure, int32_t a, int32_t b, int32_t c2)
{
    if (measure == TANIMOTO)
        return ratio(c2, 2 * (a + b) - c2);
    if (measure == DICE)
        return ratio(c2, a + b);
    return ratio(c2, 2 * sqrt((double)a * (double)b));
}

INLINE void similarities(int measure, const Bits *A, Py_ssize_t i, const Tile *t, const int32_t *l1, double *s)
{
    const Bits *B = t->bits;
    const int32_t a = A->ones[i * (A->columns + 1) + A->columns];
    if (t->uniform && A->first[i] == B->first[t->start] && A->last[i] == B->last[t->start]) {
        for (Py_ssize_t j = 0; j < t->n; j++)
            s[j] = similarity(measure, a, t->total[j], a + t->total[j] - l1[j]);
        return;
    }
    for (Py_ssize_t j = 0; j < t->n; j++) {
        Py_ssize_t row = t->start + j;
        s[j] = similarity(measure, cropped(A, i, B, row), cropped(B, row, A, i), a + t->total[j] - l1[j]);
    }
}

INLINE void compare_row(int measure, const Bits *A, Py_ssize_t i, const Tile *t, const int32_t *l1, double *s)
{
    if (measure == TANIMOTO)
        similarities(TANIMOTO, A, i, t, l1, s);
    else if (measure == DICE)
        similarities(DICE, A, i, t, l1, s);
    else
        similarities(COSINE, A, i, t, l1, s);
}

INLINE int64_t count(const double *s, Py_ssize_t n, double least)
{
    int64_t found = 0;
    for (Py_ssize_t j = 0; j < n; j++)
        found += s[j] >= least ? (int64_t)1 : (int64_t)0;
    return found;
}

/* The two inner loops, for processors with and without AVX2: similarities of row i of A with a tile, and how many of
 * these are at least so large. */
#define INNER_LOOPS(name, target)                                                                             \
    target static void row_##name(int measure, const Bits *A, Py_ssize_t i, const Tile *t, double *s)         \
    {                                                                                                         \
        const uint8_t *b = t->bits->height + t->start * A->width;                                             \
        int32_t l1[TILE];                                                                                     \
        distances_##name(A->height + i * A->width, b, t->n, A->width, l1);                                    \
        compare_row(measure, A, i, t, l1, s);                                                                 \
    }                                                                                                         \
    target static int64_t count_##name(const double *s, Py_ssize_t n, double least)                           \
    {                                                                                                         \
        return count(s, n, least);                                                                            \
    }

INNER_LOOPS(plain, )
#ifdef HAVE_AVX2
INNER_LOOPS(avx2, AVX2)
#endif

/* Set once, when the module is loaded. */
static void (*row)(int, const Bits *, Py_ssize_t, const Tile *, double *) = row_plain;
static int64_t (*count_from)(const double *, Py_ssize_t, double) = count_plain;

/* --- blocks, and the nearest of each row --- */

static void fill_block(int measure, const Bits *A, const Bits *B, double *out)
{
    for (Py_ssize_t start = 0; start < B->n; start += TILE) {
        const Tile t = take_tile(B, start);
        for (Py_ssize_t i = 0; i < A->n; i++)
            row(measure, A, i, &t, out + i * B->n + start);
    }
}

typedef struct {
    Py_ssize_t k;
    double minimum;
    int64_t *index;                     /* (n, k) best first; -1 where there are fewer */
    double *similarity;                 /* (n, k) */
    int64_t *n_above;                   /* (n) */
} Nearest;

/* Put one candidate in its place among the k best of a row: higher similarity first, then lower index. */
static void insert(double *best, int64_t *index, Py_ssize_t k, double s, int64_t at)
{
    Py_ssize_t p = k;
    while (p > 0 && (index[p - 1] < 0 || s > best[p - 1] || (s == best[p - 1] && at < index[p - 1])))
        p--;
    if (p == k)
        return;
    memmove(best + p + 1, best + p, (size_t)(k - 1 - p) * sizeof *best);
    memmove(index + p + 1, index + p, (size_t)(k - 1 - p) * sizeof *index);
    best[p] = s;
    index[p] = at;
}

static void merge(const Nearest *found, Py_ssize_t i, const double *s, Py_ssize_t n, int64_t first_index)
{
    const Py_ssize_t k = found->k;
    double *best = found->similarity + i * k;
    int64_t *index = found->index + i * k;
    found->n_above[i] += count_from(s, n, found->minimum);
    double least = index[k - 1] < 0 ? found->minimum : best[k - 1];
    if (count_from(s, n, least) == 0)
        return;
    for (Py_ssize_t j = 0; j < n; j++)
        if (s[j] >= least) {
            insert(best, index, k, s[j], first_index + j);
            least = index[k - 1] < 0 ? found->minimum : best[k - 1];
        }
}

static void find_nearest(int measure, const Bits *A, const Bits *B, int64_t a0, int64_t b0, const Nearest *found)
{
    double s[TILE];
    for (Py_ssize_t start = 0; start < B->n; start += TILE) {
        const Tile t = take_tile(B, start);
        for (Py_ssize_t i = 0; i < A->n; i++) {
            row(measure, A, i, &t, s);
            int64_t self = a0 + i - b0 - start;
            if (self >= 0 && self < t.n)
                s[self] = -1;           /* below any minimum */
            merge(found, i, s, t.n, b0 + start);
        }
    }
}

/* --- Python ---
 * Arguments are flat: PyArg_ParseTuple writes past its list of buffers where more than eight stand in nested tuples.
 */

typedef struct {
    Py_buffer height, ones, first, last;
} Buffers;

static int as_bits(const Buffers *x, Bits *bits)
{
    const Py_ssize_t n = x->first.len / (Py_ssize_t)sizeof(int32_t), rows = n ? n : 1;
    *bits = (Bits){x->height.buf, x->ones.buf, x->first.buf, x->last.buf, n, x->height.len / rows,
                   x->ones.len / rows / (Py_ssize_t)sizeof(int32_t) - 1};
    return x->last.len == x->first.len && bits->width % LANE == 0 && bits->width * n == x->height.len
           && (bits->columns + 1) * n * (Py_ssize_t)sizeof(int32_t) == x->ones.len;
}

static int fits(int measure, const Buffers *a, const Buffers *b, Bits *A, Bits *B)
{
    return as_bits(a, A) && as_bits(b, B) && measure >= TANIMOTO && measure <= COSINE
           && (A->n == 0 || B->n == 0 || (A->width == B->width && A->columns == B->columns));
}

static void release(Buffers *x)
{
    PyBuffer_Release(&x->height);
    PyBuffer_Release(&x->ones);
    PyBuffer_Release(&x->first);
    PyBuffer_Release(&x->last);
}

static PyObject *answer(int ok)
{
    if (!ok) {
        PyErr_SetString(PyExc_ValueError, "arrays of the wrong size");
        return NULL;
    }
    Py_INCREF(Py_None);
    return Py_None;
}

static PyObject *block(PyObject *module, PyObject *args)
{
    int measure;
    Buffers a, b;
    Py_buffer out;
    Bits A, B;
    (void)module;
    if (!PyArg_ParseTuple(args, "iy*y*y*y*y*y*y*y*w*", &measure, &a.height, &a.ones, &a.first, &a.last, &b.height,
                          &b.ones, &b.first, &b.last, &out))
        return NULL;
    int ok = fits(measure, &a, &b, &A, &B) && out.len == A.n * B.n * (Py_ssize_t)sizeof(double);
    if (ok) {
        Py_BEGIN_ALLOW_THREADS
        fill_block(measure, &A, &B, out.buf);
        Py_END_ALLOW_THREADS
    }
    release(&a);
    release(&b);
    PyBuffer_Release(&out);
    return answer(ok);
}

static PyObject *nearest(PyObject *module, PyObject *args)
{
    int measure;
    Buffers a, b;
    Py_buffer index, best, n_above;
    Bits A, B;
    Nearest found;
    long long a0, b0;
    (void)module;
    if (!PyArg_ParseTuple(args, "iy*y*y*y*y*y*y*y*LLdw*w*w*", &measure, &a.height, &a.ones, &a.first, &a.last, &b.height,
                          &b.ones, &b.first, &b.last, &a0, &b0, &found.minimum, &index, &best, &n_above))
        return NULL;
    int ok = fits(measure, &a, &b, &A, &B) && index.len == best.len && n_above.len == A.n * (Py_ssize_t)sizeof(int64_t);
    found.k = ok && A.n ? index.len / n_above.len : 0;
    ok = ok && found.k * n_above.len == index.len;
    if (ok && found.k) {
        found.index = index.buf, found.similarity = best.buf, found.n_above = n_above.buf;
        Py_BEGIN_ALLOW_THREADS
        find_nearest(measure, &A, &B, a0, b0, &found);
        Py_END_ALLOW_THREADS
    }
    release(&a);
    release(&b);
    PyBuffer_Release(&index);
    PyBuffer_Release(&best);
    PyBuffer_Release(&n_above);
    return answer(ok);
}

static PyMethodDef methods[] = {
    {"block", block, METH_VARARGS, "block(measure, *A, *B, out): similarities of all rows of A with all rows of B."},
    {"nearest", nearest, METH_VARARGS,
     "nearest(measure, *A, *B, first_a, first_b, minimum, index, similarity, n_above): update the best of each row of A."},
    {NULL, NULL, 0, NULL},
};

static int start(PyObject *module)
{
    (void)module;
#ifdef HAVE_AVX2
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2"))
        row = row_avx2, count_from = count_avx2;
#endif
    return 0;
}

static PyModuleDef_Slot slots[] = {{Py_mod_exec, (void *)start}, {0, NULL}};

static struct PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "_kernel",
    .m_doc = "Similarities of fingerprints, many pairs at a time.",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__kernel(void) { return PyModuleDef_Init(&definition); }

/* Two loops over pairs that are no matrix products: sums of |a - b|, and least squares of triples. kernel.py says what
 * they are, and has the same without this file.
 *
 * Shares of triples are made of the same operations in the same order as there, and without fused ones: any compiler and
 * processor gives the same bits. Sums of |a - b| are float32, in an order of their own.
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
#endif

#if defined(__GNUC__)
#define INLINE static inline __attribute__((always_inline))
#else
#define INLINE static inline
#endif

enum { LANES = 8, WIDTH = 2 * LANES };   /* partial sums, which processors add side by side */

/* --- |a - b| --- */

#if defined(__GNUC__)
typedef float Lanes __attribute__((vector_size(LANES * sizeof(float)), aligned(sizeof(float)), may_alias));
typedef int32_t Signs __attribute__((vector_size(LANES * sizeof(float))));
#define LOAD(p) (*(const Lanes *)(p))
#define APART(a, b) ((Lanes)((Signs)(LOAD(a) - LOAD(b)) & 0x7fffffff))
#else
typedef float Lanes;                    /* one at a time */
#define LOAD(p) (*(p))
#define APART(a, b) fabsf(*(a) - *(b))
#endif
enum { STEP = sizeof(Lanes) / sizeof(float) };

/* Of partial sums, in their order. */
#define TOTAL(x, y, out)                                                                                      \
    do {                                                                                                      \
        float part[2 * STEP], whole = 0;                                                                       \
        memcpy(part, &(x), sizeof(x)), memcpy(part + STEP, &(y), sizeof(y));                                  \
        for (int l = 0; l < 2 * STEP; l++)                                                                    \
            whole += part[l];                                                                                   \
        *(out) = whole;                                                                                        \
    } while (0)

/* sum |a - b|, sum |a - b|^2 and sum |a - b| r; n is a multiple of WIDTH, behind the samples there are zeros. */
INLINE void sums_of(const float *a, const float *b, const float *r, Py_ssize_t n, float *sum, float *square, float *product)
{
    Lanes s = {0}, q = {0}, p = {0}, s1 = {0}, q1 = {0}, p1 = {0};
    for (Py_ssize_t k = 0; k < n; k += 2 * STEP) {
        const Lanes d = APART(a + k, b + k), d1 = APART(a + k + STEP, b + k + STEP);
        s += d, s1 += d1;
        q += d * d, q1 += d1 * d1;
        p += d * LOAD(r + k), p1 += d1 * LOAD(r + k + STEP);
    }
    TOTAL(s, s1, sum);
    TOTAL(q, q1, square);
    TOTAL(p, p1, product);
}

INLINE void product_of(const float *a, const float *b, const float *r, Py_ssize_t n, float *product)
{
    Lanes p = {0}, p1 = {0};
    for (Py_ssize_t k = 0; k < n; k += 2 * STEP) {
        p += APART(a + k, b + k) * LOAD(r + k);
        p1 += APART(a + k + STEP, b + k + STEP) * LOAD(r + k + STEP);
    }
    TOTAL(p, p1, product);
}

typedef struct {
    const float *a, *b, *residuals;
    const char *wanted;
    float *sums, *squares, *products;
    Py_ssize_t n_a, n_b, n, n_residuals;
} Differences;

INLINE void wholedifferences(const Differences *x)
{
    const Py_ssize_t n = x->n;
    for (Py_ssize_t i = 0; i < x->n_a; i++)
        for (Py_ssize_t j = 0; j < x->n_b; j++) {
            const Py_ssize_t at = i * x->n_b + j;
            const float *a = x->a + i * n, *b = x->b + j * n;
            if (!x->wanted[at])
                continue;
            sums_of(a, b, x->residuals, n, x->sums + at, x->squares + at, x->products + at);
            for (Py_ssize_t r = 1; r < x->n_residuals; r++)
                product_of(a, b, x->residuals + r * n, n, x->products + r * x->n_a * x->n_b + at);
        }
}

/* --- triples --- */

typedef struct {
    const double *products, *targets;   /* (T, m, m) and (T, m) */
    Py_ssize_t n_tasks, m, row;
    double dependent;
    double *inverse;                    /* (T) 1 over the row's own product, 0 where it is constant */
    double *sizes, *gains, *alone;      /* (T, m) of the others with the row projected out */
    double *scales, *scaled, *largest;  /* (m) of one task: 1 / sqrt(size), gain / sqrt(size), the largest alone from here on */
    double *shares, *free;              /* (m) */
} Triples;

static void project(const Triples *x)
{
    for (Py_ssize_t t = 0; t < x->n_tasks; t++) {
        const double *with_row = x->products + (t * x->m + x->row) * x->m, *b = x->targets + t * x->m;
        const double own = with_row[x->row], inverse = own > x->dependent ? 1.0 / own : 0.0;
        x->inverse[t] = inverse;
        for (Py_ssize_t k = x->row + 1; k < x->m; k++) {
            const Py_ssize_t at = t * x->m + k;
            const double size = x->products[(t * x->m + k) * x->m + k] - with_row[k] * with_row[k] * inverse;
            const double gain = b[k] - with_row[k] * (b[x->row] * inverse);
            x->sizes[at] = size;
            x->gains[at] = gain;
            x->alone[at] = size > x->dependent ? gain * gain / size : 0.0;
        }
    }
}

/* What may_reach needs. */
static void rescale(const Triples *x)
{
    double largest = 0;
    for (Py_ssize_t k = x->m - 1; k > x->row; k--) {
        const double scale = x->sizes[k] > x->dependent ? 1.0 / sqrt(x->sizes[k]) : 0.0;
        largest = x->alone[k] > largest ? x->alone[k] : largest;
        x->scales[k] = scale;
        x->scaled[k] = x->gains[k] * scale;
        x->largest[k] = largest;
    }
}

/* What the pairs of j with all later ones explain, beside the row. */
INLINE void shares_of(const Triples *x, Py_ssize_t j)
{
    double *restrict shares = x->shares, *restrict any = x->free;
    const double dependent = x->dependent;
    for (Py_ssize_t k = j + 1; k < x->m; k++)
        shares[k] = any[k] = 0;
    for (Py_ssize_t t = 0; t < x->n_tasks; t++) {
        const double *with_row = x->products + (t * x->m + x->row) * x->m, *with_j = x->products + (t * x->m + j) * x->m;
        const double *d = x->sizes + t * x->m, *b = x->gains + t * x->m, *alone = x->alone + t * x->m;
        const double c1 = with_row[j], d1 = d[j], b1 = b[j], alone1 = alone[j], inverse = x->inverse[t];
        const double least1 = dependent * d1, square1 = b1 * b1;
        for (Py_ssize_t k = j + 1; k < x->m; k++) {
            const double g = with_j[k] - c1 * with_row[k] * inverse;
            const double determinant = d1 * d[k] - g * g;
            const int is_free = (determinant > least1) & (determinant > dependent * d[k]) & (d1 > dependent)
                                & (d[k] > dependent);
            const double pair = (square1 * d[k] + b[k] * b[k] * d1 - 2 * g * b1 * b[k]) / (is_free ? determinant : 1.0);
            const double one = alone1 > alone[k] ? alone1 : alone[k];
            shares[k] += is_free ? pair : one;
            any[k] += is_free ? 1.0 : 0.0;
        }
    }
}

/* Whether a pair of j with a later one may explain more than `least`, in a problem of one task.
 *
 * With h = g / sqrt(d[k]) and u = b / sqrt(d), the pair's share is above a bound where
 *
 *     (bound / d1) h^2 - (2 u1 u[k] / sqrt(d1)) h + u1^2 + u[k]^2 - bound > 0,
 *
 * all of which is near 1: no division is needed, and few j have such a pair. SLACK is far above the rounding. */
#define SLACK 1e-12
INLINE int may_reach(const Triples *x, Py_ssize_t j, double least)
{
    const double *with_row = x->products + x->row * x->m, *with_j = x->products + j * x->m;
    const double *scale = x->scales, *u = x->scaled, *alone = x->alone;
    const double c1 = with_row[j], inverse = x->inverse[0], bound = least - SLACK;
    const double square = bound * scale[j] * scale[j], linear = 2 * u[j] * scale[j], rest = alone[j] - bound + SLACK;
    Py_ssize_t found = 0;
    if (!(bound > 0) || x->largest[j] > bound)
        return 1;
    for (Py_ssize_t k = j + 1; k < x->m; k++) {
        const double h = (with_j[k] - c1 * with_row[k] * inverse) * scale[k];
        found += (square * h - linear * u[k]) * h + (alone[k] + rest) > 0 ? 1 : 0;
    }
    return found > 0;
}

INLINE int any_above(const double *shares, Py_ssize_t from, Py_ssize_t to, double least)
{
    Py_ssize_t found = 0;
    for (Py_ssize_t k = from; k < to; k++)
        found += shares[k] > least ? 1 : 0;
    return found > 0;
}

#define INNER_LOOPS(name, target)                                                                            \
    target static void differences_##name(const Differences *x) { wholedifferences(x); }                   \
    target static int row_##name(const Triples *x, Py_ssize_t j, double explained, double least)             \
    {                                                                                                        \
        if (x->n_tasks == 1 && !may_reach(x, j, least - explained))                                          \
            return 0;                                                                                        \
        shares_of(x, j);                                                                                     \
        for (Py_ssize_t k = j + 1; k < x->m; k++)                                                            \
            x->shares[k] += explained;                                                                       \
        return any_above(x->shares, j + 1, x->m, least);                                                     \
    }

INNER_LOOPS(plain, )
#ifdef HAVE_AVX2
INNER_LOOPS(avx2, __attribute__((target("avx2"))))
#endif

/* Set once, when the module is loaded. */
static void (*differ)(const Differences *) = differences_plain;
static int (*row_of)(const Triples *, Py_ssize_t, double, double) = row_plain;

typedef struct {
    Py_ssize_t keep, n;
    int64_t *rows;                      /* (keep, 3) best first; the first column is set already */
    double *shares;                     /* (keep) */
} Best;

/* Put a triple in its place; of equals, the one that came first stays first. */
static void insert(Best *best, double share, int64_t j, int64_t k)
{
    Py_ssize_t p = best->n < best->keep ? best->n++ : best->keep - 1;
    for (; p > 0 && share > best->shares[p - 1]; p--) {
        best->shares[p] = best->shares[p - 1];
        memcpy(best->rows + 3 * p + 1, best->rows + 3 * p - 2, 2 * sizeof *best->rows);
    }
    best->shares[p] = share;
    best->rows[3 * p + 1] = j;
    best->rows[3 * p + 2] = k;
}

static void find_triples(const Triples *x, Best *best, double least)
{
    double explained = 0;
    project(x);
    if (x->n_tasks == 1)
        rescale(x);
    for (Py_ssize_t t = 0; t < x->n_tasks; t++) {
        const double b = x->targets[t * x->m + x->row];
        explained += b * b * x->inverse[t];
    }
    for (Py_ssize_t j = x->row + 1; j + 1 < x->m; j++) {
        if (!row_of(x, j, explained, least))
            continue;
        for (Py_ssize_t k = j + 1; k < x->m; k++)
            if (x->shares[k] > least && x->free[k] > 0) {
                insert(best, x->shares[k], j, k);
                if (best->n == best->keep && best->shares[best->n - 1] > least)
                    least = best->shares[best->n - 1];
            }
    }
}

/* --- Python --- */

static PyObject *wrong_size(void)
{
    PyErr_SetString(PyExc_ValueError, "arrays of the wrong size");
    return NULL;
}

static int fit(const Py_buffer *x, Py_ssize_t items, size_t size) { return x->len == items * (Py_ssize_t)size; }

static PyObject *differences(PyObject *module, PyObject *args)
{
    Py_buffer a, b, residuals, wanted, sums, squares, products;
    Py_ssize_t n;
    const size_t size = sizeof(float);
    (void)module;
    if (!PyArg_ParseTuple(args, "ny*y*y*y*w*w*w*", &n, &a, &b, &residuals, &wanted, &sums, &squares, &products))
        return NULL;
    const Py_ssize_t row = n > 0 ? n * (Py_ssize_t)size : 1;
    const Differences x = {a.buf, b.buf, residuals.buf, wanted.buf, sums.buf, squares.buf, products.buf,
                           a.len / row, b.len / row, n, residuals.len / row};
    const int ok = n > 0 && n % WIDTH == 0 && x.n_residuals > 0 && fit(&a, x.n_a * n, size) && fit(&b, x.n_b * n, size)
                   && fit(&residuals, x.n_residuals * n, size) && fit(&wanted, x.n_a * x.n_b, 1)
                   && fit(&sums, x.n_a * x.n_b, size) && fit(&squares, x.n_a * x.n_b, size)
                   && fit(&products, x.n_residuals * x.n_a * x.n_b, size);
    if (ok) {
        Py_BEGIN_ALLOW_THREADS
        differ(&x);
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&a), PyBuffer_Release(&b), PyBuffer_Release(&residuals), PyBuffer_Release(&wanted);
    PyBuffer_Release(&sums), PyBuffer_Release(&squares), PyBuffer_Release(&products);
    if (!ok)
        return wrong_size();
    Py_INCREF(Py_None);
    return Py_None;
}

static PyObject *triples(PyObject *module, PyObject *args)
{
    Py_buffer products, targets, rows, shares;
    Py_ssize_t row;
    double least, dependent;
    (void)module;
    if (!PyArg_ParseTuple(args, "y*y*nddw*w*", &products, &targets, &row, &least, &dependent, &rows, &shares))
        return NULL;
    const Py_ssize_t m = targets.len ? products.len / targets.len : 0;
    const Py_ssize_t n_tasks = m ? targets.len / m / (Py_ssize_t)sizeof(double) : 0;
    Best best = {shares.len / (Py_ssize_t)sizeof(double), 0, rows.buf, shares.buf};
    const int ok = fit(&products, n_tasks * m * m, sizeof(double)) && fit(&targets, n_tasks * m, sizeof(double))
                   && fit(&rows, 3 * best.keep, sizeof(int64_t)) && best.keep > 0 && row >= 0 && row < m;
    double *work = ok ? malloc((size_t)(n_tasks + 3 * n_tasks * m + 5 * m) * sizeof *work) : NULL;
    if (work) {
        double *sizes = work + n_tasks, *tail = sizes + 3 * n_tasks * m;
        const Triples x = {products.buf, targets.buf, n_tasks, m, row, dependent, work, sizes, sizes + n_tasks * m,
                           sizes + 2 * n_tasks * m, tail, tail + m, tail + 2 * m, tail + 3 * m, tail + 4 * m};
        Py_BEGIN_ALLOW_THREADS
        find_triples(&x, &best, least > 0 ? least : 0);
        Py_END_ALLOW_THREADS
    }
    free(work);
    PyBuffer_Release(&products), PyBuffer_Release(&targets), PyBuffer_Release(&rows), PyBuffer_Release(&shares);
    if (!ok)
        return wrong_size();
    return work ? PyLong_FromSsize_t(best.n) : PyErr_NoMemory();
}

static PyMethodDef methods[] = {
    {"differences", differences, METH_VARARGS,
     "differences(n, a, b, residuals, wanted, sums, squares, products): sums of |a - b| of all pairs of rows."},
    {"triples", triples, METH_VARARGS,
     "triples(products, targets, row, least, dependent, rows, shares): the best triples that begin with a row."},
    {NULL, NULL, 0, NULL},
};

static int start(PyObject *module)
{
    (void)module;
#ifdef HAVE_AVX2
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2"))
        differ = differences_avx2, row_of = row_avx2;
#endif
    return 0;
}

static PyModuleDef_Slot slots[] = {{Py_mod_exec, (void *)start}, {0, NULL}};

static struct PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "_kernel",
    .m_doc = "Sums of absolute differences, and least squares of triples.",
    .m_methods = methods,
    .m_slots = slots,
};

PyMODINIT_FUNC PyInit__kernel(void) { return PyModuleDef_Init(&definition); }

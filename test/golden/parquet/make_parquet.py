"""Writes small parquet files of texts with pyarrow, one for each codec and encoding, whose rows are known by a formula.

    pip install pyarrow==26.0.1
    python make_parquet.py        # writes beside itself
"""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

here = Path(__file__).parent
texts = [f"row {i} " + "größe " * (i % 7) for i in range(300)]
few = [f"one of {i % 5}" for i in range(300)]
table = pa.table({"number": pa.array(range(300)), "text": texts, "few": few})


def write(name, **options):
    defaults = dict(compression="none", use_dictionary=False, row_group_size=128, data_page_size=1024, write_batch_size=32)
    pq.write_table(table, here / f"{name}.parquet", **{**defaults, **options})


for codec in ["snappy", "gzip", "brotli", "zstd", "lz4"]:
    write(codec, compression=codec)
write("dictionary", use_dictionary=["few"], compression="snappy")
write("delta_length", column_encoding={"text": "DELTA_LENGTH_BYTE_ARRAY", "few": "DELTA_LENGTH_BYTE_ARRAY"})
write("delta", column_encoding={"text": "DELTA_BYTE_ARRAY", "few": "DELTA_BYTE_ARRAY"})
write("v2", data_page_version="2.0", use_dictionary=["few"], compression="zstd")
write("checksums", write_page_checksum=True, compression="snappy")
required = pa.schema([pa.field("text", pa.large_string(), nullable=False)])
pq.write_table(pa.table({"text": pa.array(texts, pa.large_string())}, schema=required), here / "required.parquet")

# Representations: the matrix of test/golden/features, 40 x 6, as columns that Python users write.
import numpy as np

matrix = ((np.arange(240) * 7 % 97 - 48) / 8).reshape(40, 6)
(here / "features").mkdir(exist_ok=True)


def features(name, column, **options):
    pq.write_table(pa.table({"row": pa.array(range(40)), "features": column}), here / "features" / f"{name}.parquet", row_group_size=16, **options)


lists = lambda kind: pa.array([row.astype(kind) for row in matrix], pa.list_(pa.from_numpy_dtype(kind)))
fixed = lambda kind: pa.FixedSizeListArray.from_arrays(pa.array(matrix.astype(kind).reshape(-1)), 6)
features("list_float32", lists(np.float32))
features("fixed_float64", fixed(np.float64), compression="zstd", use_dictionary=False)
features("fixed_float16", fixed(np.float16), compression="none", data_page_version="2.0")
split = {"use_byte_stream_split": ["features.list.element"], "use_dictionary": False}
features("split_float32", lists(np.float32), compression="gzip", write_page_checksum=True, **split)
columns = {f"x{j}": matrix[:, j].astype(np.float32) for j in range(6)}
pq.write_table(pa.table(columns), here / "features" / "columns_float32.parquet", compression="lz4", data_page_version="2.0")

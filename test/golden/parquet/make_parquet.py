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

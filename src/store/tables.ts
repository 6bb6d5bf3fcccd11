// SPDX-License-Identifier: Apache-2.0
import type { Sql, TransactionSql } from 'postgres';

/** A table of our schema, as the database describes it. */
export interface Table {
  name: string;
  /** Columns that can be written. */
  columns: string[];
}

/** All tables of our schema but that of migrations; each stands after those it refers to. */
export async function tablesOf(sql: Sql | TransactionSql): Promise<Table[]> {
  const rows = await sql<(Table & { needs: string[] })[]>`
    select c.relname as name,
      (select json_agg(attname order by attnum) from pg_attribute
        where attrelid = c.oid and attnum > 0 and not attisdropped and attgenerated = '') as columns,
      (select coalesce(json_agg(distinct r.relname), '[]')
        from pg_constraint k join pg_class r on r.oid = k.confrelid
        where k.conrelid = c.oid and k.contype = 'f' and r.oid <> c.oid) as needs
    from pg_class c
    where c.relnamespace = to_regnamespace('bringup') and c.relkind = 'r' and c.relname <> 'migration'
    order by c.relname`;
  const ordered: Table[] = [];
  const visit = ({ needs, ...table }: (typeof rows)[number]): void => {
    if (ordered.some(({ name }) => name === table.name)) return;
    for (const need of needs) rows.filter(({ name }) => name === need).forEach(visit);
    ordered.push(table);
  };
  rows.forEach(visit);
  return ordered;
}

/** How many rows each table has. */
export async function rowCounts(sql: Sql | TransactionSql): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { name } of await tablesOf(sql)) {
    const [row] = await sql<{ rows: number }[]>`select count(*)::int as rows from bringup.${sql(name)}`;
    counts[name] = row!.rows;
  }
  return counts;
}

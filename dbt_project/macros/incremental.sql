{#- All rows of the groups that rows of newer refine batches touch; every row when the table is built whole. -#}
{% macro touched_groups(rows, keys, contract) %}
  {%- if is_incremental() -%}
    select {{ rows }}.*
    from {{ rows }}
    left semi join (
        select distinct {{ keys | join(', ') }}
        from {{ rows }}
        where batch > {{ run_facts().get('built_batch', {}).get(contract, 0) | int }}
    ) as newer
    on {% for key in keys %}{{ rows }}.{{ key }} <=> newer.{{ key }}{{ ' and ' if not loop.last }}{% endfor %}
  {%- else -%}
    select * from {{ rows }}
  {%- endif %}
{% endmacro %}

{#- Delta merge whose keys match null-safely: a missing dimension is a group too. -#}
{% macro spark__get_merge_sql(target, source, unique_key, dest_columns, incremental_predicates) %}
  {%- set keys = [unique_key] if unique_key is string else unique_key -%}
  merge into {{ target }} as kept
  using {{ source }} as fresh
  on {% for key in keys %}kept.{{ key }} <=> fresh.{{ key }}{{ ' and ' if not loop.last }}{% endfor %}
  when matched then update set *
  when not matched then insert *
{% endmacro %}

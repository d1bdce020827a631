{{ config(
    materialized='incremental',
    incremental_strategy='merge',
    unique_key=['`partition`', 'position'],
) }}

with sales as (
    select * from {{ ref('stg_retail_sales') }}
    {% if is_incremental() -%}
    where batch > (select coalesce(max(batch), 0) from {{ this }})
    {%- endif %}
),

customers as (
    select * from {{ ref('int_customers') }}
),

final as (
    select
        sales.* except (customer_id, description),
        customers.customer_key,
        cast(sales.invoice_ts as date) as day,
        cast(sales.quantity * sales.unit_price as decimal(38, 3)) as revenue
    from sales
    left join customers on customers.customer_id = sales.customer_id
)

select * from final
